#!/usr/bin/env bash
# The commands of README.md: every line of a ```sh block that begins with `$ ` runs and succeeds.
source "$(dirname "$0")/common.bash"

# In a folder that looks like the sources, so that files the commands write do not end up there.
for item in "$root"/*; do
    ln -s "$item" "$work/$(basename "$item")"
done
rm -f "$work/build"
mkdir -p "$work/build/release"
ln -s "$PANTHER" "$work/build/release/panther"
cd "$work" || exit 1
count=0
while IFS= read -r command; do
    case $command in
    examples/quickstart* | tests/run* | git\ * | cmake\ *) continue ;; # have tests of their own
    esac
    count=$((count + 1))
    check "README: $command" bash -c "$command"
done < <(awk '/^```/ { inside = /^```sh/ } inside && /^\$ / { print substr($0, 3) }' "$root/README.md")
check "README has commands ($count)" test "$count" -ge 4
finish
