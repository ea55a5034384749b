#!/usr/bin/env bash
# What training reaches on the shipped digits, 64-64-10, `adc` fidelity: test accuracy after the
# last epoch, mean of seeds 0 to 2. Figures without a bound are printed as they are.
source "$(dirname "$0")/common.bash"

# The example trains with single examples in `stream` mode; the same network in mini-batches:
sed -e "s#data/digits#$examples/data/digits#" -e "s#machines/#$examples/machines/#" \
    "$examples/mlp_digits.pan" >"$work/stream.pan"
sed -e 's/rate = 0.01/rate = 0.2/' -e 's/batch = 1;  epochs = 20/batch = 64;  epochs = 100/' \
    -e 's/every 1024 examples/every 16 batches/' -e 's/"stream"/"batch"/' \
    "$work/stream.pan" >"$work/batch.pan"
check "the two programs differ in four lines" \
    test "$(diff "$work/stream.pan" "$work/batch.pan" | grep -c '^>')" -eq 4

# measure NAME FILE OPTION...: $mean, and $seeds with the accuracy of each.
measure()
{
    local name=$1 seed
    shift
    seeds=$(for seed in 0 1 2; do
        "$PANTHER" run "$@" --seed $seed | grep '^epoch' | tail -n 1 | grep -o '[0-9.]*$'
    done | tr '\n' ' ')
    mean=$(awk '{ printf "%.4f", NF == 3 ? ($1 + $2 + $3) / 3 : -1 }' <<<"$seeds")
    echo "    $name: mean $mean of ${seeds% }"
}
hold() { check "$1" awk "BEGIN { exit !($2) }"; }

echo "batch mode: batches of 64, rate 0.2, 100 epochs, carry resolution every 16 batches"
measure "44466555" "$work/batch.pan"
batch=$mean
measure "float interpreter" "$work/batch.pan" --interpreter float
float=$mean
measure "no saturation (opa mode ideal)" "$work/batch.pan" --opa-mode ideal
measure "33333333" "$work/batch.pan" --slices 33333333
narrow=$mean
measure "44444444" "$work/batch.pan" --slices 44444444
measure "55555555" "$work/batch.pan" --slices 55555555
measure "66666666" "$work/batch.pan" --slices 66666666
hold "batch mode, 44466555: $batch is at least 0.97" "$batch >= 0.97"
hold "and within 1 point of the float interpreter's $float" \
    "$float > 0.9 && $batch - $float < 0.01 && $float - $batch < 0.01"
hold "batch mode, 33333333: $narrow is at most 0.40" "$narrow >= 0 && $narrow <= 0.40"

echo "stream mode: single examples, rate 0.01, 20 epochs, carry resolution every 1024 examples"
measure "44466555, operands rounded stochastically" "$work/stream.pan"
stream=$mean
measure "float interpreter" "$work/stream.pan" --interpreter float
measure "rounded to nearest" "$work/stream.pan" --update-rounding nearest
measure "literal, not rounded" "$work/stream.pan" --update-rounding off
measure "digit mode" "$work/stream.pan" --opa-mode digit
measure "10 epochs: 44466555, rounded" "$work/stream.pan" --epochs 10
measure "10 epochs: float interpreter" "$work/stream.pan" --epochs 10 --interpreter float
measure "10 epochs: literal, not rounded" "$work/stream.pan" --epochs 10 --update-rounding off
measure "10 epochs: digit mode" "$work/stream.pan" --epochs 10 --opa-mode digit
hold "stream mode with update rounding, 44466555: $stream is at least 0.96" "$stream >= 0.96"
finish
