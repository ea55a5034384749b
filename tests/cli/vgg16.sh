#!/usr/bin/env bash
# VGG-16 of the PANTHER paper's Table 4 (examples/vgg16.pan): a batch of 64 is timed with variants 3
# and 2, programs do not grow with batch or image, the paper's memories are refused with numbers, and
# with an eighth of the channels it trains to the interpreter's bits.
source "$(dirname "$0")/common.bash"

run() { "$PANTHER" run "$@" 2>&1; }
compile() { "$PANTHER" compile "$@" 2>&1; }
hold() { check "$1" awk "BEGIN { exit !($2) }"; }
# value NAME FILE: a number at the top of the statistics.
value() { grep -m1 -P "^\t\"$1\":" "$2" | grep -o '[0-9][0-9.e+-]*' | tail -n 1; }
# row NAME FILE: a row of a report in text, without the blanks.
row() { grep -m1 "^$1 " "$2" | tr -s ' '; }

# One batch of 64, with three crossbars and with two and a log without limit. The host's times are
# printed, not held.
time_batch()
{
    run "$examples/vgg16.pan" --timing-only --entry train:vgg16 --variant "$1" \
        --stats "$work/$1.json" >"$work/$1.out" || not_ok "variant $1: the run" "$(cat "$work/$1.out")"
    "$PANTHER" report "$work/$1.json" >"$work/$1.report"
}
time_batch 3 &
time_batch 2
wait
layers=()
for k in {1..13}; do layers+=("conv2d_$k"); done
layers+=(dense_1 dense_2 dense_3)
for variant in 3 2; do
    cycles=$(value cycles "$work/$variant.json")
    bound=$(value bound_cycles_per_kernel "$work/$variant.json")
    hold "variant $variant: 64 take ${cycles:=0} cycles, at most 2 x the bound of ${bound:=0}" \
        "$cycles > 0 && $cycles <= 2 * $bound"
    sed -n '/^Totals/,/^energy/s/^/    /p; /^Energy by layer/,/^total/s/^/    /p' \
        "$work/$variant.report"
    grep '^host' "$work/$variant.out" | sed 's/^/    /'
    missing=0
    for layer in "${layers[@]}"; do
        row "$layer" "$work/$variant.report" | grep -q '[1-9].*J' || missing=$((missing + 1))
    done
    check "variant $variant: each of the 16 layers has its energy" test "$missing" -eq 0
    # 13 convolutions at 32, 16, 8, 4 and 2 pixels, dense layers: blocks by positions.
    same "variant $variant: as many products as blocks by positions" "1606720 1480704 1606720" \
        "$(for kind in mvm mtvm opa; do value $kind "$work/$variant.json"; done | paste -sd ' ')"
done
same "reports say that the log of operands was not counted" "operand log unlimited" \
    "$(row "operand log" "$work/2.report")"
hold "variant 3 takes fewer cycles than variant 2, whose updates wait for the halt" \
    "$(value cycles "$work/3.json") < $(value cycles "$work/2.json")"

# Memory: the paper's 64 KB do not hold it, nor does any hold the operands of variant 2.
refused=$(compile "$examples/vgg16.pan" --machine panther) && not_ok "64 KB are enough" "$refused"
for k in {1..10}; do
    [[ $refused == *" words there hold values of layer 'conv2d_$k'"* ]] ||
        not_ok "the words of conv2d_$k are missing from the message" "$refused"
done
expect "the paper's 64 KB per tile do not hold it" 1 "lacks" \
    compile "$examples/vgg16.pan" --machine panther
check "and the message says of whom how many words" \
    grep -q "note: [0-9]* words there hold values of layer 'conv2d_2'" <<<"$refused"
sed 's/operand_log: unlimited/operand_log: memory/' "$examples/machines/panther_cnn.yaml" \
    >"$work/counted.yaml"
refused=$(compile "$examples/vgg16.pan" --machine "$work/counted.yaml" --variant 2)
check "operands that wait for the halt, counted, do not fit either" \
    grep -q "lacks .* the log of update operands [1-9]" <<<"$refused"
check "variant 3 has no such log" "$PANTHER" compile "$examples/vgg16.pan" \
    --machine "$work/counted.yaml" --variant 3 -q --stats "$work/compile.json"

# Code and compile time do not grow with the batch (time is in tests/bench).
peak=$(value peak_rss_bytes "$work/compile.json")
hold "it compiles in ${peak:=0} bytes, less than 300 MB" "$peak > 0 && $peak < 3e8"
# 12 bytes each.
longest=$(grep -o '"max_core":[^,}]*' "$work/compile.json" | grep -o '[0-9]*$')
hold "the longest program of a core has ${longest:=0} instructions and fits 4 KiB" \
    "$longest > 0 && 12 * $longest <= 4096"
# size OPTION...: instructions of cores and tiles.
size() { compile "$@" | grep -o '[0-9]* core and [0-9]* tile instructions'; }
vgg=$(size "$examples/vgg16.pan")
echo "    $vgg"
for batch in 1 1024; do
    same "batch $batch: as many instructions as for 64" "$vgg" \
        "$(size "$examples/vgg16.pan" --batch "$batch")"
done

# Images of 32 and 64 pixels, averaged before the dense layers: the orders of a few cores differ, and
# the smallest maps may lie whole in their rings.
sed 's/memory_words: [0-9]*/memory_words: 16777216/' "$examples/machines/panther_cnn.yaml" \
    >"$work/big.yaml"
for side in 32 64; do
    {
        sed -e "s/map\[3, 32, 32\]/map[3, $side, $side]/; s/flatten(x)/global_avg_pool(x)/" \
            -e 's/512, "M"\]/512]/' "$examples/networks/vgg16_table4.pan"
        echo "data d { train = raw(\"x.bin\", \"y.bin\", size = 3 * $side * $side) }"
        echo 'train vgg16 on d { loss = cross_entropy; update = sgd(rate = 0.1); batch = 4; epochs = 1 }'
    } >"$work/side$side.pan"
    size "$work/side$side.pan" --machine "$work/big.yaml" --variant 3 >"$work/side$side"
    sed "s/^/    $side x $side: /" "$work/side$side"
done
read -r cores32 _ _ tiles32 _ <"$work/side32"
read -r cores64 _ _ tiles64 _ <"$work/side64"
hold "images of 64 x 64 take the instructions of 32 x 32, to a thousandth" \
    "${tiles32:=0} > 0 && $tiles32 < 1.001 * ${tiles64:=1} && $tiles64 < 1.001 * $tiles32 &&
     ${cores64:=0} < 1.001 * ${cores32:=0} && $cores32 < 1.001 * $cores64"

# An eighth of the channels, made-up pictures in CIFAR-100's format: 3074 bytes, the second the class.
awk 'BEGIN {
    for (i = 0; i < 8; i++) {
        printf "\\0%o\\0%o", 0, i * 12
        for (k = 0; k < 3072; k++) printf "\\0%o", (k * (i % 10 + 1) + i * i) % 251
        print ""
    }
}' | while read -r record; do printf '%b' "$record"; done >"$work/train.bin"
cp "$work/train.bin" "$work/test.bin"
sed -e 's/64, 64, "M".*/8, 8, "M", 16, 16, "M", 32, 32, 32, "M", 64, 64, 64, "M", 64, 64, 64, "M"]/' \
    -e 's/4096/128/' "$examples/networks/vgg16_table4.pan" >"$work/narrow_table4.pan"
sed -e 's|networks/vgg16_table4|narrow_table4|' -e "s|\"machines/|\"$examples/machines/|" \
    "$examples/vgg16.pan" >"$work/narrow.pan"
narrow() { run "$work/narrow.pan" --data "$work" --batch 4 --epochs 1 "$@" | grep -E '^(epoch|panther)'; }
machine=$(narrow)
echo "    $machine"
same "with an eighth of its channels it trains as the fixed-point interpreter does" \
    "$(narrow --interpreter fixed)" "$machine"
check "and says how well" grep -q 'test accuracy' <<<"$machine"
finish
