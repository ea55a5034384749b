#!/usr/bin/env bash
# README.md: every line of a ```sh block that begins with `$ ` runs and succeeds; what it shows of a
# run and of a program is what there is.
source "$(dirname "$0")/common.bash"

enter_sources # so that files the commands write do not end up among them
count=0
while IFS= read -r command; do
    case $command in
    examples/quickstart* | tests/run* | git\ * | cmake\ *) continue ;; # have tests of their own
    esac
    count=$((count + 1))
    check "README: $command" bash -c "$command"
done < <(awk '/^```/ { inside = /^```sh/ } inside && /^\$ / { print substr($0, 3) }' "$root/README.md")
check "README has commands ($count)" test "$count" -ge 4

# A ```text block that begins with a command: its output, but for lines left out and the host's speed.
command=$(grep -m1 -A1 '^```text' "$root/README.md" | sed -n 's/^\$ //p')
real=$(bash -c "$command" 2>&1)
shown=0 missing=''
while IFS= read -r line; do
    case $line in
    '    ...' | 'host '*) continue ;;
    esac
    shown=$((shown + 1))
    grep -qxF -- "$line" <<<"$real" || missing+="$line"$'\n'
done < <(awk '/^```text/ && !n++ { inside = 1; getline; next } /^```/ { inside = 0 } inside' \
    "$root/README.md")
if [ "$shown" -ge 8 ] && [ -z "$missing" ]; then
    ok "README shows $shown lines of a real run"
else
    not_ok "README shows a real run; of $shown lines these are not printed:" "$missing"
fi
awk '/^network/ { inside = 1 } /^```/ { inside = 0 } inside && NF' "$root/README.md" >"$work/excerpt"
check "README shows the program ($(wc -l <"$work/excerpt") lines)" \
    test "$(grep -cxF -f "$work/excerpt" "$examples/mlp_digits.pan")" -ge "$(wc -l <"$work/excerpt")"
finish
