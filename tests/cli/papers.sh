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
for name in table1 table2 table3 table4 slicings mlp_l4 lifetime fig9 fig10 stream drift; do
    check "experiment $name holds" "$folder/run" -o "$work" "$name"
    expect "and leaves JSON" 0 '"experiment"' cat "$work/$name.json"
    check "and a drawing" python3 -c "import sys, xml.dom.minidom as x
sys.exit(not x.parse('$work/$name.svg').getElementsByTagName('svg'))"
done
expect "an unknown experiment" 2 "no experiment 'table9'" "$folder/run" table9
expect "a gate that fails decides the status" 1 "FAILED" python3 -B -c "
import sys
sys.path.insert(0, '$folder')
import common
r = common.Report('x', 'y')
r.value('reported only', 1, 2)
r.value('gated', 1, 2, within=10, gate=True)
sys.exit(r.end())"

# Some runs of each mode: stream, digit and batch, on the digits, and of the convolutional network.
check "a sample of the sweep" python3 -B "$folder/stream/sweep.py" --set variants --set fig10 \
    --set cnn --sample 28 --results "$work/r.csv"
same "gives the lines that are committed" "$(sort "$work/r.csv")" \
    "$(grep -xFf "$work/r.csv" "$folder/stream/results.csv" | sort)"
expect "a second sweep has nothing to do" 0 "0 runs done" \
    python3 -B "$folder/stream/sweep.py" --set variants --set fig10 --set cnn --sample 28 \
    --results "$work/r.csv"
finish
