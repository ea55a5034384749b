#!/usr/bin/env bash
# MNIST, 784-128-10 (examples/mlp_mnist.pan): 60,000 examples, 3 epochs in `batch` mode, accuracy on
# the 10,000 test images. The four files are looked for in the folder that PANTHER_MNIST names, in
# examples/data/mnist and in shared/data/mnist beside the sources.
source "$(dirname "$0")/common.bash"

for folder in "${PANTHER_MNIST:-}" "$examples/data/mnist" "$root/../shared/data/mnist"; do
    [ -e "$folder/train-images-idx3-ubyte.gz" ] && break
    folder=''
done
if [ -z "$folder" ]; then
    echo "skip - MNIST: no files (PANTHER_MNIST names their folder)"
    finish
fi

train()
{
    "$PANTHER" run "$examples/mlp_mnist.pan" --data "$folder" --stats "$work/$1.json" "${@:2}" \
        >"$work/$1"
}
start=$SECONDS
train ideal --opa-mode ideal &
train sliced || true
train float --interpreter float || true
wait
accuracy() { grep '^epoch   3' "$work/$1" | grep -o '[0-9.]*$'; }
hold() { check "$1" awk "BEGIN { exit !($2) }"; }
sliced=$(accuracy sliced) ideal=$(accuracy ideal) float=$(accuracy float)
grep -E '^(training|simulated|energy|host)' "$work/sliced" | sed 's/^/    /'
check "MNIST: all examples" grep -q ' 60000 examples, 10000 to test' "$work/sliced"
hold "MNIST, 44466555: ${sliced:=0} is at least 0.95" "$sliced >= 0.95"
hold "and within 1.5 points of ${ideal:=0} without saturation" \
    "$ideal - $sliced < 0.015 && $sliced - $ideal < 0.015"
hold "float interpreter: ${float:=0}; no saturation is within half a point" \
    "$ideal - $float < 0.005 && $float - $ideal < 0.005"
# Processor time, which other programs on the machine do not lengthen.
cpu=$(grep -h host_cpu_seconds "$work"/*.json |
    awk '{ sum += $2 } END { printf "%.0f", NR == 3 ? sum : -1 }')
hold "the three runs take less than three minutes ($cpu s of processor, $((SECONDS - start)) s)" \
    "$cpu >= 0 && $cpu < 180"
finish
