#!/usr/bin/env bash
# What a person at a terminal has: progress, -q and -v, completion of words, the manual page.
source "$(dirname "$0")/common.bash"
program=$examples/mlp_digits.pan
printf '#!/bin/sh\nexec "%s" "$@"\n' "$PANTHER" >"$work/panther"
chmod +x "$work/panther"
export PATH=$work:$PATH

# Progress: on terminals only, and it changes nothing else.
run=(run "$program" --epochs 3 --interpreter fixed)
piped=$("$PANTHER" "${run[@]}" 2>"$work/stderr" | grep -v '^host')
check "nothing of progress in pipes" test ! -s "$work/stderr"
if command -v script >/dev/null; then
    terminal=$(script -qec "panther ${run[*]}" /dev/null | tr '\r' '\n')
    line='epoch [1-3]/3  [0-9]+ of 4314 examples  [0-9]+/s  [0-9]+:[0-9]{2} left'
    if grep -qE "$line" <<<"$terminal"; then
        ok "a terminal sees rate and remaining time"
    else
        not_ok "a terminal sees rate and remaining time" "$terminal"
    fi
    same "and the same report" "$piped" \
        "$(sed -e 's/.*\x1b\[K//' -e '/ examples  /d' -e '/^$/d' -e '/^host/d' <<<"$terminal")"
    check "quiet: nothing on terminals" test -z "$(script -qec "panther ${run[*]} -q" /dev/null)"
else
    echo "skip - progress on a terminal: script is not installed"
fi
expect "verbose: time of a pass" 0 "panther: pass schedule: " "$PANTHER" compile "$program" -v
expect "verbose: the image" 0 "panther: image of 3 entries: " "$PANTHER" run "$program" -v --timing-only
expect "verbose: the machine's file" 0 "machines/tiny.yaml" \
    "$PANTHER" compile "$program" --machine tiny -v
"$PANTHER" compile "$program" -v 2>/dev/null >"$work/verbose"
same "verbose prints nothing more on stdout" "$("$PANTHER" compile "$program")" \
    "$(cat "$work/verbose")"
expect "quiet and verbose" 2 "exclude each other" "$PANTHER" compile -q -v "$program"

# complete WORD...: what bash offers for the last word.
"$PANTHER" completion bash >"$work/completion.bash"
complete_words()
{
    bash -c 'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _panther
             printf "%s\n" "${COMPREPLY[@]}"' "$work/completion.bash" "$@" | sort
}
touch "$work/a.pan" "$work/a.pimg" "$work/a.txt" "$work/b.json"
offers() # NAME EXPECTED WORD...
{
    same "completion: $1" "$2" "$(complete_words "${@:3}" | tr '\n' ' ' | sed 's/ $//')"
}
offers "commands" "compile completion" panther com
offers "options of a command" "--variant --verbose --verify-each" panther compile --v
offers "choices" "batch" panther run --opa-mode b
offers "choices after =" "stream" panther run --opa-mode = s
offers "passes" "schedule" panther compile --stop-after sc
offers "machines" "tiny" panther run --machine tin
offers "words of a command" "check" panther machine c
offers "files that a command reads" "$work/a.pan $work/a.pimg" panther run "$work/a."
offers "several files" "$work/b.json" panther report "$work/b.json" "$work/b"
offers "shells" "bash" panther completion b
for command in $("$PANTHER" --help | sed -n '/^commands/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
    listed=$("$PANTHER" "$command" --help | sed -nE 's/^ +(-., )?(--[a-z-]+).*/\2/p' | sort)
    same "completion: all options of $command" "$listed" "$(complete_words panther "$command" --)"
done
if command -v zsh >/dev/null; then
    "$PANTHER" completion zsh >"$work/_panther"
    check "zsh reads its completion" zsh -n "$work/_panther"
else
    echo "skip - completion in zsh: it is not installed"
fi
expect "a shell that is not known" 2 "bash or zsh" "$PANTHER" completion fish

# The manual page: every option of every command, and roff that nothing is wrong with.
"$PANTHER" man >"$work/panther.1"
documented=$(sed -n 's/^\(\\fB\\-.\\fR, \)\?\\fB\\-\\-\([^ ]*\)\\fR.*/--\2/p' "$work/panther.1" |
    sed 's/\\-/-/g' | sort -u)
same "manual: all options" "$documented" \
    "$(grep -Eo "^    --[a-z-]+|'--[a-z -]+'" "$work/completion.bash" | grep -Eo -e '--[a-z-]+' |
        grep -v -e --version | sort -u)"
if command -v groff >/dev/null; then
    check "manual: no warnings" test -z "$(groff -man -Tutf8 -ww "$work/panther.1" 2>&1 >/dev/null)"
    expect "manual: as a terminal shows it" 0 "--opa-mode stream|digit|batch|ideal" \
        bash -c "groff -man -Tascii -P-cbou '$work/panther.1'"
else
    echo "skip - the manual page in a terminal: groff is not installed"
fi
finish
