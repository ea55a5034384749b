#!/usr/bin/env bash
# LeNet-5 (examples/lenet5.pan) on the shipped digits, enlarged to 28 x 28: the machine and the
# interpreters train it, weights travel through files. On MNIST itself: accuracy_lenet5.sh.
source "$(dirname "$0")/common.bash"

# digits COUNT: rows of 784 pixels and a label; the digit is 24 x 24, the border 2 pixels wide.
digits()
{
    gzip -dc "$examples/data/digits.csv.gz" | head -n "$1" | awk -F, '{
        for (y = -2; y < 26; y++)
            for (x = -2; x < 26; x++) {
                inside = y >= 0 && x >= 0 && y < 24 && x < 24
                printf "%s,", inside ? $(int(y / 3) * 8 + int(x / 3) + 1) : 0
            }
        print $65
    }'
}

digits 480 >"$work/digits.csv"
data='data digits { train = csv("digits.csv", label = 784); test = 0.2; scale = 1/16 }'
sed -e "/^data digits/,/^}/c $data" -e 's/batch = 64;  epochs = 3/batch = 8;  epochs = 7/' \
    -e 's/rate = 0.2/rate = 0.1/' -e "s|\"machines/|\"$examples/machines/|" \
    "$examples/lenet5.pan" >"$work/lenet5.pan"

expect "it fits the paper's node with 64 KB per tile" 0 "of 2 tiles (machine panther)" \
    "$PANTHER" compile "$examples/lenet5.pan"
sed 's/memory_words: 32768/memory_words: 16384/' "$examples/machines/panther.yaml" \
    >"$work/half.yaml"
expect "half of that does not hold it" 1 "words there hold values of layer 'conv2d_2'" \
    "$PANTHER" compile "$examples/lenet5.pan" --machine "$work/half.yaml"
expect "its graph can be seen" 0 "vec<25 q9> [n, y1, x1]" \
    "$PANTHER" compile "$examples/lenet5.pan" --emit ir --stop-after round_updates --verify-each

train() { "$PANTHER" run "$work/lenet5.pan" "$@" 2>&1; }
accuracy() { grep '^epoch' <<<"$1" | tail -n 1 | grep -o '[0-9.]*$'; }
hold() { check "$1" awk "BEGIN { exit !($2) }"; }
fixed=$(train --interpreter fixed --save "$work/fixed.safetensors")
float=$(train --interpreter float)
same "the machine trains to the same losses and accuracies as the interpreter" \
    "$(grep '^epoch' <<<"$fixed")" "$(grep '^epoch' <<<"$(train)")"
hold "LeNet-5 in batch mode, fixed point: test accuracy $(accuracy "$fixed") is at least 0.85" \
    "0$(accuracy "$fixed") >= 0.85"
hold "as real numbers: $(accuracy "$float") is at least 0.85" "0$(accuracy "$float") >= 0.85"
expect "weights have PyTorch's shapes" 0 '"conv2d_2.weight":{"dtype":"F32","shape":[16,6,5,5]' \
    grep -ao '"conv2d_2.weight":{[^}]*' "$work/fixed.safetensors"
sed -i 's/epochs = 7/epochs = 1/; s/rate = 0.1/rate = 0.0/' "$work/lenet5.pan"
same "loaded again they give the same accuracy" "$(accuracy "$fixed")" \
    "$(accuracy "$(train --interpreter fixed --weights "$work/fixed.safetensors")")"
finish
