#!/usr/bin/env bash
# Test accuracies on the shipped digits, 64-64-10, `adc` fidelity, mean of seeds 0 to 2.
source "$(dirname "$0")/common.bash"

sed -e "s#data/digits#$examples/data/digits#" -e "s#machines/#$examples/machines/#" \
    "$examples/mlp_digits.pan" >"$work/stream.pan"
sed -e 's/rate = 0.01/rate = 0.2/' -e 's/batch = 1;  epochs = 20/batch = 64;  epochs = 60/' \
    -e 's/every 1024 examples/every 16 batches/' -e 's/"stream"/"batch"/' \
    "$work/stream.pan" >"$work/batch.pan"

# mean FILE OPTION...: mean accuracy of the last epoch over three seeds.
mean()
{
    local seed
    for seed in 0 1 2; do
        "$PANTHER" run "$@" --seed $seed | grep '^epoch' | tail -n 1 | grep -o '[0-9.]*$'
    done | awk '{ sum += $1 } END { printf "%.4f", NR == 3 ? sum / NR : -1 }'
}
# hold NAME CONDITION: an awk condition.
hold() { check "$1" awk "BEGIN { exit !($2) }"; }

stream=$(mean "$work/stream.pan")
hold "stream with update rounding, CRS every 1024: $stream is at least 0.96" "$stream >= 0.96"
batch=$(mean "$work/batch.pan")
hold "batch mode, 44466555: $batch is at least 0.97" "$batch >= 0.97"
float=$(mean "$work/batch.pan" --interpreter float)
hold "and within 1 point of the float interpreter's $float" \
    "$float > 0.9 && $batch - $float < 0.01 && $float - $batch < 0.01"
narrow=$(mean "$work/batch.pan" --slices 33333333)
hold "batch mode, 33333333: $narrow is at most 0.40" "$narrow >= 0 && $narrow <= 0.40"

# MNIST, where it is: 784-128-10, 60,000 examples, 3 epochs, batch mode.
mnist=${PANTHER_MNIST:-$examples/data/mnist}
if [ -e "$mnist/train-images-idx3-ubyte.gz" ]; then
    last() { "$PANTHER" run "$examples/mlp_mnist.pan" --data "$mnist" "$@" | grep '^epoch' | tail -n 1 | grep -o '[0-9.]*$'; }
    sliced=$(last)
    hold "MNIST, 44466555: $sliced is at least 0.95" "$sliced >= 0.95"
    ideal=$(last --opa-mode ideal)
    hold "and within 1.5 points of $ideal without clipping" \
        "$ideal - $sliced < 0.015 && $sliced - $ideal < 0.015"
else
    echo "skip - MNIST: not in examples/data/mnist (PANTHER_MNIST names another folder)"
fi
finish
