#!/usr/bin/env bash
# The paper's tables and figures: every experiment runs, its gated values hold, it leaves JSON, and
# the committed sweep is what the program computes today. About a minute.
source "$(dirname "$0")/common.bash"
export PANTHER
folder=$examples/papers/panther

if ! command -v python3 >/dev/null; then
    echo "skip - papers: python3 is not installed"
    exit 77
fi
for name in table1 table2 table3 table4 slicings mlp_l4 lifetime fig9 fig10; do
    check "experiment $name holds" "$folder/run" -o "$work" "$name"
    expect "and leaves JSON" 0 '"experiment"' cat "$work/$name.json"
done
expect "a drawing" 0 "<svg" cat "$work/slicings.svg"
expect "an unknown experiment" 2 "no experiment 'table9'" "$folder/run" table9
expect "a gate that fails decides the status" 1 "FAILED" python3 -B -c "
import sys
sys.path.insert(0, '$folder')
import common
r = common.Report('x', 'y')
r.value('reported only', 1, 2)
r.value('gated', 1, 2, within=10, gate=True)
sys.exit(r.end())"

check "the figures of the sweep" python3 -B "$folder/stream/summary.py"
check "the sweep of one setting" python3 -B "$folder/stream/sweep.py" --set variants \
    --results "$work/r.csv"
same "gives the lines that are committed" "$(sort "$work/r.csv")" \
    "$(grep -xFf "$work/r.csv" "$folder/stream/results.csv" | sort)"
expect "a second sweep has nothing to do" 0 "0 runs done" \
    python3 -B "$folder/stream/sweep.py" --set variants --results "$work/r.csv"
check "why literal updates collapse" python3 -B "$folder/stream/drift.py"
finish
