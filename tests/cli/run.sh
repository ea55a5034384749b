#!/usr/bin/env bash
# run: training, options, images, statistics, interpreters.
source "$(dirname "$0")/common.bash"
program=$examples/mlp_digits.pan
epochs() { grep '^epoch' <<<"$1"; }
run() { "$PANTHER" run "$@" 2>&1; }

first=$(run "$program" --epochs 2 --stats "$work/s.json")
expect "the report names mode and rounding" 0 "opa mode stream, operands rounded to 2^9" echo "$first"
expect "and cycles" 0 "cycles" echo "$first"
expect "and energy" 0 "energy" echo "$first"
for field in panther command machine fingerprint cycles seconds energy_pj leakage_pj kernels \
    instructions static_instructions mvm mtvm opa crs mcu_instructions cycles_per_kernel \
    bound_cycles_per_kernel energy_by_component energy_by_layer energy_by_operation train_loss \
    test_accuracy adc_clips slice_saturation host_seconds host_cpu_seconds host_peak_rss_bytes; do
    expect "statistics have $field" 0 "\"$field\"" cat "$work/s.json"
done
same "a run repeats itself" "$(grep -v '^host' <<<"$first")" \
    "$(run "$program" --epochs 2 | grep -v '^host')"
check "another seed, another run" test "$(epochs "$first")" != \
    "$(epochs "$(run "$program" --epochs 2 --seed 1)")"
check "quiet prints nothing" test -z "$(run "$program" --epochs 1 -q)"

# The same loop on the fixed-point interpreter gives the same numbers, on every variant and mode.
for mode in stream digit batch ideal; do
    options=(--epochs 1 --opa-mode "$mode")
    emulated=$(epochs "$(run "$program" "${options[@]}")")
    same "interpreter and emulator agree in $mode mode" "$emulated" \
        "$(epochs "$(run "$program" "${options[@]}" --interpreter fixed)")"
    for variant in 1 3; do
        same "variant $variant agrees in $mode mode" "$emulated" \
            "$(epochs "$(run "$program" "${options[@]}" --variant $variant)")"
    done
done
options=(--epochs 1 --batch 8 --slices 55555555 --crs 4batches --fidelity ideal --opa-mode digit)
same "they agree with other slices and batches" "$(epochs "$(run "$program" "${options[@]}")")" \
    "$(epochs "$(run "$program" "${options[@]}" --interpreter fixed)")"
expect "float interpreter" 0 "float interpreter" run "$program" --epochs 1 --interpreter float

# Options that change the course of a run.
expect "carry resolution can be switched off" 0 " 0 CRS" run "$program" --epochs 1 --crs 0
expect "rounding can be switched off" 0 "operands not rounded" \
    run "$program" --epochs 1 --update-rounding off
expect "timing only" 0 "per kernel" run "$program" --timing-only
expect "a limit of cycles" 3 "cycles" run "$program" --max-cycles 100
expect "kernel with explicit updates" 0 "output" run "$examples/kernel_sgd.pan" --epochs 1
cat >"$work/unread.pan" <<PAN
data d { train = csv("$examples/data/digits.csv.gz", label = 64); scale = 1/16 }
param W: matrix[6, 64]
kernel oja(x: vec[64], y: label[10], rate: scalar) {
    h = W @ x
    W += rate * outer(h, x - W.T @ h)
}
train oja on d { rate = 0.001; batch = 16; epochs = 1 }
PAN
for engine in "" "--interpreter fixed" "--interpreter float"; do
    expect "a label that the kernel does not read $engine" 0 "epoch" \
        run "$work/unread.pan" $engine
done
expect "timing without data" 0 "train:mlp_l4" run "$examples/mlp_l4.pan" --timing-only

# Images run without the compiler, from anywhere.
(cd "$root" && "$PANTHER" compile examples/mlp_digits.pan -q -o "$work/d.pimg")
same "an image trains as its program" "$(epochs "$(cd "$root" && run "$work/d.pimg" --epochs 2)")" \
    "$(epochs "$first")"
same "from another folder with --data" \
    "$(epochs "$(cd / && run "$work/d.pimg" --epochs 2 --data "$examples/data")")" \
    "$(epochs "$first")"
expect "an image of another batch" 1 "compiled for batches of 1, not 2" \
    run "$work/d.pimg" --batch 2 --data "$examples"
expect "nor is it timed for one" 1 "compiled for batches of 1, not 2" \
    run "$work/d.pimg" --batch 2 --timing-only
expect "an image of another mode" 1 "compiled for opa mode stream" run "$work/d.pimg" --opa-mode batch
expect "an image on another machine" 1 "was compiled for a machine with" \
    run "$work/d.pimg" --machine tiny
expect "an image that is placed" 2 "an image is placed already" \
    run "$work/d.pimg" --optimize time
expect "an image that has its copies" 2 "an image has its crossbars already" \
    run "$work/d.pimg" --copies conv2d_1=2
expect "an image on an interpreter" 2 "an image holds no graph" \
    run "$work/d.pimg" --interpreter fixed
expect "an entry without its plan" 0 "output[0] =" run "$work/d.pimg" --entry test:mlp
seq -s, 64 | sed 's/[0-9]*/0.5/g' >"$work/x.csv"
expect "an entry with values" 0 "output[0] =" \
    run "$work/d.pimg" --entry test:mlp --input "image=$work/x.csv"
expect "values for a trained program" 1 "go with --entry" \
    run "$program" --input "image=$work/x.csv"
expect "an unknown entry" 1 "no entry 'test'" run "$work/d.pimg" --entry test
expect "an unknown port" 1 "no input 'x'" \
    run "$work/d.pimg" --entry test:mlp --input "x=$work/x.csv"
expect "too few values" 1 "but 'image' takes 2 of 64" \
    run "$work/d.pimg" --entry test:mlp --kernels 2 --input "image=$work/x.csv"
finish
