#!/usr/bin/env bash
# Convolutional networks on the machine: the shipped CNN trains, to the interpreter's bits; programs
# do not grow with the image; ResNet-18 compiles in little memory. The larger examples take one or
# two batches each; VGG-16 has a file of its own.
source "$(dirname "$0")/common.bash"

run() { "$PANTHER" run "$@" 2>&1; }
compile() { "$PANTHER" compile "$@" 2>&1; }
hold() { check "$1" awk "BEGIN { exit !($2) }"; }
# value NAME FILE: a number at the top of the statistics.
value() { grep -m1 -P "^\t\"$1\":" "$2" | grep -o '[0-9][0-9.e+-]*' | tail -n 1; }
# size OPTION...: instructions of cores and tiles.
size() { compile "$@" | grep -o '[0-9]* core and [0-9]* tile instructions'; }

trained=$(run "$examples/digits_cnn.pan")
accuracy=$(grep '^epoch' <<<"$trained" | tail -n 1 | grep -o '[0-9.]*$')
hold "CNN on the digits: test accuracy ${accuracy:=0} is at least 0.97" "$accuracy >= 0.97"

# The same bits as the interpreter, on 200 of the digits.
gzip -dc "$examples/data/digits.csv.gz" | head -n 200 >"$work/few.csv"
sed -e 's|data/digits.csv.gz|few.csv|' -e "s|\"machines/|\"$examples/machines/|" \
    "$examples/digits_cnn.pan" >"$work/few.pan"
for variant in 1 2 3; do
    run "$work/few.pan" --epochs 1 --variant "$variant" --save "$work/$variant.safetensors" \
        >"$work/$variant"
done
run "$work/few.pan" --epochs 1 --interpreter fixed --save "$work/fixed.safetensors" >"$work/fixed"
# weights FILE BYTES: the tensors behind the header; a machine's digits come after the weights.
weights()
{
    local length
    length=$(od -An -N8 -t u8 "$work/$1.safetensors" | tr -d ' ')
    tail -c +$((9 + length)) "$work/$1.safetensors" | head -c "$2"
}
bytes=$(weights fixed 1000000 | wc -c)
check "$bytes bytes of weights are saved" \
    test "$bytes" -eq $((4 * (8 * 10 + 16 * 73 + 10 * 257)))
for variant in 1 2 3; do
    check "variant $variant: the weights of the fixed-point interpreter" \
        cmp <(weights "$variant" "$bytes") <(weights fixed "$bytes")
    same "variant $variant: its losses" "$(grep '^epoch' "$work/fixed")" \
        "$(grep '^epoch' "$work/$variant")"
done

# Rows of windows take scalar registers: where there are fewer, some rings hold whole maps again.
sed 's/scalar_registers: 64/scalar_registers: 20/' "$examples/machines/panther_cnn.yaml" \
    >"$work/few_registers.yaml"
run "$work/few.pan" --machine "$work/few_registers.yaml" --epochs 1 \
    --save "$work/registers.safetensors" >"$work/registers"
check "20 scalar registers: the weights of the fixed-point interpreter" \
    cmp <(weights registers "$bytes") <(weights fixed "$bytes")
words() { compile "$@" | grep -o '[0-9]* words of shared memory at most' | grep -o '^[0-9]*'; }
most=$(words "$work/few.pan" --machine "$work/few_registers.yaml") least=$(words "$work/few.pan")
hold "in ${most:=0} words of shared memory, more than ${least:=0} with 64" \
    "$least > 0 && $least < $most"

# Rolled loops: a program's size does not depend on the image (nor on the batch: vgg16.sh).
for side in 32 64; do
    cat >"$work/side$side.pan" <<PAN
network pixels(image: map[3, $side, $side]) -> vec[10] {
    x = max_pool(relu(conv2d(image, 16, 3, padding = 1)), 2)
    x = relu(conv2d(x, 32, 3, stride = 2, padding = 1))
    return dense(global_avg_pool(x), 10)
}
data d { train = raw("x.bin", "y.bin", size = 3 * $side * $side); scale = 1/255 }
train pixels on d { loss = cross_entropy; update = sgd(rate = 0.1); batch = 4; epochs = 1 }
PAN
done
same "images of 64 x 64: as many instructions as for 32 x 32" \
    "$(size "$work/side32.pan" --machine panther_cnn)" \
    "$(size "$work/side64.pan" --machine panther_cnn)"

# A large network.
run "$examples/networks/resnet18.pan" --machine panther_cnn --timing-only -q \
    --stats "$work/resnet.json"
peak=$(value host_peak_rss_bytes "$work/resnet.json")
cycles=$(value cycles "$work/resnet.json")
bound=$(value bound_cycles_per_kernel "$work/resnet.json")
hold "ResNet-18 at 224 x 224 is compiled and timed in ${peak:=0} bytes, less than 500 MB" \
    "$peak > 0 && $peak < 5e8"
hold "in ${cycles:=0} cycles, at most 1.2 x the bound of ${bound:=1}" \
    "$cycles > 0 && $cycles <= 1.2 * $bound"

same "and has as many instructions for a batch of 64 as for one image" \
    "$(size "$examples/networks/resnet18.pan" --machine panther_cnn)" \
    "$(size "$examples/networks/resnet18.pan" --machine panther_cnn --batch 64)"

# A convolution waits for nothing but its crossbars where the core goes on while they work.
sed 's/mcu_issue: blocking/mcu_issue: overlapped/' "$examples/machines/panther_cnn.yaml" \
    >"$work/overlapped.yaml"
# Of one block, of ten, and of 22 that fill neither rows nor columns of their crossbars.
for size in "16 64" "128 128" "300 100"; do
    read -r lanes channels <<<"$size"
    echo "network conv(image: map[$lanes, 24, 24]) -> map[$channels, 24, 24] {
        return relu(conv2d(image, $channels, 3, padding = 1))
    }" >"$work/conv.pan"
    run "$work/conv.pan" --machine "$work/overlapped.yaml" --timing-only -q --stats "$work/conv.json"
    cycles=$(value cycles "$work/conv.json") bound=$(value bound_cycles_per_kernel "$work/conv.json")
    hold "a convolution takes ${cycles:=0} cycles, at most 1.05 x its bound of ${bound:=1}" \
        "$cycles > 0 && $cycles <= 1.05 * $bound"
    in=$(value words_read "$work/conv.json") out=$(value words_written "$work/conv.json")
    operands=$(value operand_words "$work/conv.json") mvms=$(value mvm "$work/conv.json")
    hold "${mvms:=0} MVM: ${operands:=0} words of operands, ${out:=0} written, at most 128 each" \
        "$operands > 0 && $operands <= 128 * $mvms && $out > 0 && $out <= 128 * $mvms"
    hold "what else they read, $((in - operands)) words, are the partial sums that others wrote" \
        "$in - $operands == $out - 24 * 24 * $channels"
done

# CIFAR-10's format with made-up pictures: 3073 bytes per record, 96 records.
awk 'BEGIN {
    for (i = 0; i < 96; i++) {
        printf "\\0%o", i % 10
        for (k = 0; k < 3072; k++) printf "\\0%o", (k * (i % 10 + 1) + i * i) % 251
        print ""
    }
}' | while read -r record; do printf '%b' "$record"; done >"$work/data_batch_1.bin"
cp "$work/data_batch_1.bin" "$work/data_batch_2.bin"
head -c $((3073 * 4)) "$work/data_batch_1.bin" >"$work/test_batch.bin"
# A pool over so many pixels that nothing could hold its code is refused, and at once.
echo 'network wide(x: map[1, 224, 224]) -> vec[2] { return dense(flatten(max_pool(x, 224)), 2) }' \
    >"$work/wide.pan"
expect "a pool of 224 x 224" 1 "a kernel of 224 x 224" timeout 10 \
    "$PANTHER" compile "$work/wide.pan" --machine "$examples/machines/panther_cnn.yaml" \
    -o "$work/wide.pimg"

# Rows that no window reads have to be there before they are given up.
echo 'network rest(x: map[3, 5, 5]) -> vec[10] {
    x = tanh(conv2d(x, 15, [1, 6], stride = [3, 1], padding = [0, 2], bias = false))
    x = max_pool(x, 2, stride = 3, padding = 1)
    return dense(relu(dense(flatten(x), 14)), 10)
}
data d { train = csv("none.csv", label = 75) }
train rest on d { loss = mse; update = sgd(rate = 0.1); batch = 4; epochs = 1 }' >"$work/rest.pan"
check "a pool that leaves out rows" "$PANTHER" compile "$work/rest.pan" --machine panther_cnn

for network in vgg resnet; do
    sed -e 's|, "data/cifar10/data_batch_2.bin"||' -e "s|\"machines/|\"$examples/machines/|" \
        "$examples/${network}_small.pan" >"$work/$network.pan"
    run "$work/$network.pan" --data "$work" --epochs 1 --batch 48 >"$work/out" || true
    expect "${network}_small trains on batches of pictures" 0 "test accuracy" \
        grep '^epoch' "$work/out"
    same "in 64 KB per tile, with maps that wait in other tiles, to the interpreter's losses" \
        "$(grep '^epoch' "$work/out")" \
        "$(run "$work/$network.pan" --data "$work" --epochs 1 --batch 48 --interpreter fixed |
            grep '^epoch')"
done
finish
