#!/usr/bin/env bash
# Fidelity device: knobs, what they change, checkpoints, wear.
source "$(dirname "$0")/common.bash"

net=$examples/mlp_digits.pan
run() { "$PANTHER" run "$net" --epochs 1 --seed 1 "$@" 2>&1; }
epochs() { run "$@" | grep '^epoch'; }

same "without knobs it is adc" "$(epochs)" "$(epochs --fidelity device)"
noisy=$(epochs --fidelity device --device read_noise=0.003)
check "noise changes the result" test "$noisy" != "$(epochs)"
same "on another kernel: the same noise" "$noisy" \
    "$(PANTHER_KERNEL=scalar epochs --fidelity device --device read_noise=0.003)"
same "a preset of the command line is one of a file" \
    "$(epochs --fidelity device --device preset=reram_illustrative)" \
    "$("$PANTHER" machine show panther --fidelity device --device preset=reram_illustrative \
        >"$work/m.yaml" && epochs -m "$work/m.yaml")"
expect "the shown machine says what is off" 0 "stuck_low: off" "$PANTHER" machine show panther

expect "unknown knob" 2 "did you mean 'read_noise'?" run --fidelity device --device readnoise=1
expect "no number" 2 "'read_noise' is off or a number" run --fidelity device --device read_noise=x
expect "unknown preset" 2 "there are ideal, pcm_joshi_2020" run --fidelity device --device preset=x
expect "knobs without the fidelity" 2 "--device changes nothing with fidelity adc" \
    run --device read_noise=0.1
expect "half a pair of knobs" 1 "needs 'device.on_ohm'" run --fidelity device --device wire_ohm=1
expect "the interpreter has no cells" 2 "not supported: --interpreter fixed with fidelity device" \
    run --fidelity device --interpreter fixed
expect "the float interpreter has no fidelity" 0 "epoch   1" \
    run --fidelity device --interpreter float
expect "ideal updates have no cells" 1 "not supported: opa_mode ideal with device knobs" \
    run --fidelity device --device read_noise=0.1 --opa-mode ideal

knobs=(--fidelity device --device preset=reram_illustrative,read_noise=0.002)
sed -e "s#data/digits#$examples/data/digits#" -e "s#machines/#$examples/machines/#" \
    -e "s#every epoch { test() }#every 700 examples { save(\"$work/b{batch}.safetensors\"); crs() }#" \
    "$net" >"$work/net.pan"
net=$work/net.pan
run "${knobs[@]}" --save "$work/whole.safetensors" >"$work/whole.txt"
mv "$work/b700.safetensors" "$work/saved.safetensors"
run "${knobs[@]}" --weights "$work/saved.safetensors" --resume --save "$work/resumed.safetensors" \
    >"$work/resumed.txt"
check "resumed: same bits" cmp "$work/whole.safetensors" "$work/resumed.safetensors"
run --save "$work/adc.safetensors" >"$work/adc.txt"
expect "resumed from another fidelity" 1 "not saved by a run with device knobs" \
    run "${knobs[@]}" --weights "$work/adc.safetensors" --resume
expect "drift by the clock is not resumed" 1 "not supported: resuming with drift" \
    run "${knobs[@]},drift_exponent=0.1" --weights "$work/saved.safetensors" --resume

expect "wear is reported" 0 "switches: mean" run --wear --stats "$work/stats.json"
check "wear is in --stats" grep -q '"years_worst"' "$work/stats.json"
expect "no wear unless asked for" 0 "energy" run --stats "$work/stats.json"
check "nor in --stats" bash -c "! grep -q years_worst '$work/stats.json'"
finish
