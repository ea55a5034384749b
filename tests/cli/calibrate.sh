#!/usr/bin/env bash
# import --calibrate: formats from sample data, the error of each layer, and what runs with them.
source "$(dirname "$0")/common.bash"
models=$root/tests/cli/onnx
data=$root/../shared/data

# Every value fits, those within a line too.
said=$("$PANTHER" import "$models/sums.onnx" -o "$work/sums.pan" \
    --calibrate "$models/sums.input.csv" 2>&1)
expect "the error of each layer" 0 "exact" grep '^fc ' <<<"$said"
expect "format of the input" 0 "(x: vec[4] q8)" cat "$work/sums.pan"
expect "format of a layer" 0 'layer "fc" { activation = q6 }' cat "$work/sums.pan"
expect "format of a line" 0 ": q6 = " cat "$work/sums.pan"
expect "format of a value within a line" 0 "fit_1: q5 = " cat "$work/sums.pan"
check "nothing saturates" awk '/q[0-9]/ && $NF != 0 { exit 1 }' <<<"$said"
check "no warnings" test -z "$(grep warning <<<"$said")"
run=("$PANTHER" run "$work/sums.pan" --weights "$work/sums.safetensors" -q
     --input "x=$models/sums.input.csv" --result "output=$work/y.csv")
"${run[@]}"
same "and runs to the right values" "$(cat "$models/sums.output.csv")" "$(cat "$work/y.csv")"
said=$("$PANTHER" import "$models/halves.onnx" -o "$work/halves.pan" --fidelity ideal \
    --calibrate "$models/halves.input.csv")
expect "sums on the way to a product fit too" 0 "exact" grep -E '^fc  *q7  *129 ' <<<"$said"
for name in mlp cnn; do
    snr=$("$PANTHER" import "$models/$name.onnx" -o "$work/$name.pan" \
        --calibrate "$models/$name.input.csv" | awk '/ dB / { print $(NF - 2) }' | sort -n |
        head -n 1)
    check "$name: at least 60 dB in every layer ($snr)" awk "BEGIN { exit !($snr > 60) }"
done
check "quiet" test -z "$("$PANTHER" import -q "$models/mlp.onnx" -o "$work/mlp.pan" \
    --calibrate "$models/mlp.input.csv")"

# What cannot be.
echo 30000,-1,7,3 >"$work/large.csv"
expect "values beyond all formats" 0 "values up to 120000 do not fit its format q0" \
    "$PANTHER" import "$models/sums.onnx" -o "$work/a.pan" --calibrate "$work/large.csv"
rm -f "$work"/a.*
expect "records of another size" 1 "the network takes 1 input of 4" \
    "$PANTHER" import "$models/sums.onnx" -o "$work/a.pan" --calibrate "$models/mlp.input.csv"
expect "no such samples" 1 "none.npy" \
    "$PANTHER" import "$models/sums.onnx" -o "$work/a.pan" --calibrate "$work/none.npy"
check "nothing is written" test ! -e "$work/a.pan" -a ! -e "$work/a.safetensors"

if [ ! -d "$data/mnist" ]; then
    echo "skip - a thousand digits: shared/data is not there"
    finish
fi

# mnist-8 on the emulator: calibrated on 50 digits, then 1,000 others.
pixels() # FIRST COUNT
{
    gzip -dc "$data/mnist/t10k-images-idx3-ubyte.gz" | tail -c "+$((17 + $1 * 784))" |
        head -c "$(($2 * 784))" | od -An -v -tu1 -w784 | sed 's/^ *//; s/  */,/g'
}
pixels 0 50 >"$work/sample.csv"
pixels 50 1000 >"$work/digits.csv"
"$PANTHER" import "$data/onnx/mnist-cntk-cnn.onnx" -o "$work/m.pan" --calibrate "$work/sample.csv" |
    sed 's/^/    /'
outputs() # NAME OPTION...
{
    "$PANTHER" run "$work/m.pan" --weights "$work/m.safetensors" -q --kernels 1000 \
        --input "Input3=$work/digits.csv" --result "output=$work/$1.csv" "${@:2}"
    awk -F, '{ best = 1; for (i = 2; i <= NF; i++) if ($i > $best) best = i; print best - 1 }' \
        "$work/$1.csv" >"$work/$1.classes"
}
outputs emulator
outputs float --interpreter float
gzip -dc "$data/mnist/t10k-labels-idx1-ubyte.gz" | tail -c +59 | head -c 1000 |
    od -An -v -tu1 -w1 | tr -d ' ' >"$work/labels"
equal() { paste "$work/$1" "$work/$2" | awk '$1 == $2 { n++ } END { print n + 0 }'; }
same=$(equal emulator.classes float.classes) right=$(equal emulator.classes labels)
check "mnist-8: the emulator's class is that of the real numbers for $same of 1000 digits" \
    test "$same" -ge 970
check "mnist-8: and the right one for $right" test "$right" -ge 970

# A normalisation: its parameters are read by products that are no layer's.
norm=$data/onnx/ops/test_batchnorm_epsilon
tail -c $((4 * 120)) "$norm/test_data_set_0/input_0.pb" | od -An -v -tf4 -w240 |
    sed 's/^ *//; s/  */,/g' >"$work/norm.csv"
constants=()
for at in s=1 bias=2 mean=3 var=4; do
    constants+=(--constant "${at%=*}=$norm/test_data_set_0/input_${at#*=}.pb")
done
said=$("$PANTHER" import "$norm/model.onnx" -o "$work/n.pan" "${constants[@]}" \
    --calibrate "$work/norm.csv" 2>&1)
check "batch_norm fits as a whole" awk '/^result/ { good = $7 > 40 && $NF == 0 } END { exit !good }' \
    <<<"$said"

# An imported model trains on: with its formats, on the emulator as in real numbers.
gzip -dc "$data/mnist/train-images-idx3-ubyte.gz" | tail -c +17 | head -c $((20 * 784)) |
    od -An -v -tu1 -w784 | awk '{ for (i = 1; i <= NF; i++) printf "%.6g%s", $i / 255,
                                  (i < NF ? "," : "\n") }' >"$work/sample.csv"
"$PANTHER" import "$data/onnx/mnist-pytorch-mlp.onnx" -q -o "$work/t.pan" \
    --calibrate "$work/sample.csv"
cat >>"$work/t.pan" <<'END'
data mnist {
    train = idx("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz")
    scale = 1/255; limit = 1000
}
train torch_jit_export on mnist {
    loss = cross_entropy; update = sgd(rate = 0.02); batch = 16; epochs = 3
    every 16 batches { crs() }
}
END
losses()
{
    "$PANTHER" run "$work/t.pan" --weights "$work/t.safetensors" --data "$data/mnist" \
        --opa-mode batch "$@" | sed -n 's/^epoch.*  loss //p' | tr '\n' ' '
}
emulated=$(losses) real=$(losses --interpreter float)
check "fine-tuning: losses $emulated(real numbers: $real)" awk -v e="$emulated" -v r="$real" \
    'BEGIN { split(e, x, " "); split(r, y, " "); d = x[3] - y[3]
             exit !(x[3] > 0 && x[3] < x[1] && d < 0.02 && d > -0.02) }'
finish
