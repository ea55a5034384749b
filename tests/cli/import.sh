#!/usr/bin/env bash
# import: the models of tests/cli/onnx (make.py there writes them) and of shared/data/onnx against
# their reference outputs, and what is said about those that cannot be imported.
source "$(dirname "$0")/common.bash"
models=$root/tests/cli/onnx
shared=$root/../shared/data/onnx

# same_numbers FILE FILE: equal to 1e-4, relative to the largest.
same_numbers()
{
    paste -d' ' <(tr ',' '\n' <"$1") <(tr ',' '\n' <"$2") | awk '
        function size(x) { return x < 0 ? -x : x }
        NF != 2 { bad = 1 }
        size($2) > most { most = size($2) }
        size($1 - $2) > error { error = size($1 - $2) }
        END { exit bad || !NR || !(error <= 1e-4 * (most > 1 ? most : 1)) }'
}

# agrees NAME MODEL INPUT.csv OUTPUT.csv: the float interpreter on the imported model.
agrees()
{
    local name=$1 model=$2 input=$3 output=$4 port said
    if ! said=$("$PANTHER" import "$model" -o "$work/net.pan" 2>&1); then
        not_ok "$name imports" "$said"
        return
    fi
    port=$(sed -n 's/^network [^(]*(\([^:]*\):.*/\1/p' "$work/net.pan")
    if ! said=$("$PANTHER" run "$work/net.pan" --weights "$work/net.safetensors" \
        --interpreter float --input "$port=$input" 2>&1); then
        not_ok "$name runs" "$said"
        return
    fi
    sed -n 's/^output\[0\] = //p' <<<"$said" | tr ' ' ',' >"$work/got.csv"
    check "$name agrees with its reference to 1e-4" same_numbers "$work/got.csv" "$output"
}

for name in mlp cnn; do
    agrees "$name" "$models/$name.onnx" "$models/$name.input.csv" "$models/$name.output.csv"
done

# A dense model also runs on the emulated machine, in fixed point.
"$PANTHER" import -q "$models/mlp.onnx" -o "$work/mlp.pan"
expect "the machine runs it" 0 "output[0] =" "$PANTHER" run "$work/mlp.pan" \
    --weights "$work/mlp.safetensors" --input "x=$models/mlp.input.csv"
check "quiet prints nothing" test -z "$("$PANTHER" import -q "$models/mlp.onnx" -o "$work/mlp.pan")"
expect "a summary" 0 "network torch_jit, 3 layers, 179 parameters in" \
    "$PANTHER" import "$models/mlp.onnx" -o "$work/mlp.pan"

# Wrong usage, and files that are none.
expect "output of another kind" 2 "import needs -o FILE.pan" \
    "$PANTHER" import "$models/mlp.onnx" -o "$work/mlp.safetensors"
expect "sizes without names" 2 "--dims takes NAME=N" \
    "$PANTHER" import "$models/mlp.onnx" -o "$work/a.pan" --dims 3
expect "no such file" 1 "cannot read" "$PANTHER" import "$work/none.onnx" -o "$work/a.pan"
expect "not a model" 1 "it is not an ONNX model" \
    "$PANTHER" import "$models/make.py" -o "$work/a.pan"
expect "a folder that is not there" 1 "error: " \
    "$PANTHER" import "$models/mlp.onnx" -o "$work/none/a.pan"
check "nothing is written" test ! -e "$work/a.pan" -a ! -e "$work/a.safetensors"

if [ ! -d "$shared" ]; then
    echo "skip - the models of shared/data/onnx: the folder is not there"
    finish
fi

# floats FILE COUNT: the numbers at the end of a TensorProto.
floats() { tail -c $((4 * $2)) "$1" | od -An -v -t f4 -w$((4 * $2)) | sed 's/^ *//; s/  */,/g'; }

for i in 0 1 2; do
    floats "$shared/mnist-cntk-cnn.data/set$i.input_0.pb" 784 >"$work/in.csv"
    floats "$shared/mnist-cntk-cnn.data/set$i.output_0.pb" 10 >"$work/out.csv"
    agrees "mnist-cntk-cnn, digit $i," "$shared/mnist-cntk-cnn.onnx" "$work/in.csv" "$work/out.csv"
done
for name in sine-mlp mnist-pytorch-mlp mnist-atmega-small; do
    agrees "$name" "$shared/$name.onnx" "$models/$name.input.csv" "$models/$name.output.csv"
done

# operator NAME RECORDS IN OUT NAME=NUMBER...: a test model of ONNX whose weights are inputs, given
# as constants (input_NUMBER.pb); RECORDS of IN numbers must give as many of OUT.
operator()
{
    local set=$shared/ops/$1/test_data_set_0 said constants=() at
    for at in "${@:5}"; do
        constants+=(--constant "${at%=*}=$set/input_${at#*=}.pb")
    done
    if ! said=$("$PANTHER" import "$shared/ops/$1/model.onnx" -o "$work/op.pan" \
        "${constants[@]}" 2>&1); then
        not_ok "$1 imports" "$said"
        return
    fi
    floats "$set/input_0.pb" $(($2 * $3)) | tr ',' '\n' | paste -sd "$(csv_line "$3")" \
        >"$work/in.csv"
    floats "$set/output_0.pb" $(($2 * $4)) >"$work/out.csv"
    port=$(sed -n 's/^network [^(]*(\([^:]*\):.*/\1/p' "$work/op.pan")
    if said=$("$PANTHER" run "$work/op.pan" --weights "$work/op.safetensors" -q \
        --interpreter float --kernels "$2" --input "$port=$work/in.csv" \
        --result "output=$work/got.csv" 2>&1); then
        check "$1 agrees with its reference to 1e-4" same_numbers \
            <(tr '\n' ',' <"$work/got.csv" | sed 's/,$//') "$work/out.csv"
    elif [[ $said == *"not supported"* ]]; then
        echo "skip - $1: ${said%%$'\n'*}"
    else
        not_ok "$1 runs" "$said"
    fi
}
# The delimiters that paste puts between the numbers of lines of N.
csv_line() { printf '%*s' "$(($1 - 1))" '' | tr ' ' ','; printf '\\n'; }

operator test_conv_with_strides_padding 1 35 12 W=1
operator test_batchnorm_epsilon 2 60 60 s=1 bias=2 mean=3 var=4
operator test_lstm_defaults 3 2 3 W=1 R=2
operator test_lstm_with_initial_bias 3 3 4 W=1 R=2 B=3
conv=$shared/ops/test_conv_with_strides_padding
expect "a constant without a file" 2 "--constant takes NAME=FILE" \
    "$PANTHER" import "$conv/model.onnx" -o "$work/a.pan" --constant W
expect "a constant that is no input" 1 "it has no input 'V'" "$PANTHER" import "$conv/model.onnx" \
    -o "$work/a.pan" --constant "V=$conv/test_data_set_0/input_1.pb"
expect "a constant of another kind" 1 "make.py: error: " \
    "$PANTHER" import "$conv/model.onnx" -o "$work/a.pan" --constant "W=$models/make.py"
expect "a constant of another shape" 1 "not supported" "$PANTHER" import "$conv/model.onnx" \
    -o "$work/a.pan" --constant "W=$shared/ops/test_batchnorm_epsilon/test_data_set_0/input_1.pb"

expect "a sequence of open length" 1 "--dims M1=N gives it one" \
    "$PANTHER" import "$shared/lstm_k1.onnx" -o "$work/a.pan"
expect "with its length" 0 "1 layer, 108 parameters" \
    "$PANTHER" import "$shared/lstm_k1.onnx" -o "$work/lstm.pan" --dims M1=7
expect "it is an lstm" 0 'last(lstm(input_1, 3, name = "lstm"))' cat "$work/lstm.pan"

# The other files: imported, or an error that says why.
for model in "$shared"/*.onnx "$shared"/ops/*/model.onnx; do
    status=0
    said=$("$PANTHER_ASAN" import "$model" -o "$work/any.pan" 2>&1) || status=$?
    name=${model#"$shared"/}
    if [ "$status" -eq 0 ] || [[ $status -eq 1 && $said == *" error: "* ]]; then
        ok "$name: $([ $status -eq 0 ] && echo imported || echo refused)"
    else
        not_ok "$name" "$said"
    fi
done
finish
