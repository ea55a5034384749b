#!/usr/bin/env bash
# Copies of a convolution that share its positions: R times the speed, the same results, weights saved
# once; asked for in the program or on the command line.
source "$(dirname "$0")/common.bash"

run() { "$PANTHER" run "$@" 2>&1; }
hold() { check "$1" awk "BEGIN { exit !($2) }"; }
# value NAME FILE: a number at the top of the statistics.
value() { grep -m1 -P "^\t\"$1\":" "$2" | grep -o '[0-9][0-9.e+-]*' | tail -n 1; }

# One layer on a machine whose cores go on while crossbars work: positions x t_mvm is all it takes.
sed 's/mcu_issue: blocking/mcu_issue: overlapped/' "$examples/machines/panther_cnn.yaml" \
    >"$work/overlapped.yaml"
echo 'network conv(image: map[16, 32, 32]) -> map[64, 32, 32] {
    return relu(conv2d(image, 64, 3, padding = 1))
}' >"$work/conv.pan"
cycles_of()
{
    run "$work/conv.pan" --machine "$work/overlapped.yaml" --timing-only -q \
        --copies "conv2d_1=$1" --stats "$work/conv.json" >"$work/out" || cat "$work/out" >&2
    value cycles "$work/conv.json"
}
t_mvm=$(sed -n 's/^ *t_mvm: *\([0-9]*\).*/\1/p' "$work/overlapped.yaml")
one=$(cycles_of 1)
for copies in 1 2 3 4; do
    cycles=$(cycles_of "$copies")
    bound=$((32 * ((32 + copies - 1) / copies) * t_mvm))
    hold "$copies copies: ${cycles:=0} cycles, at most 1.05 x the $bound of their positions" \
        "$cycles > 0 && $cycles <= 1.05 * $bound"
    [ "$copies" -eq 1 ] || hold "$copies copies are ${one:=0} / $cycles times as fast" \
        "$one > 0.9 * 32 / $(((32 + copies - 1) / copies)) * $cycles"
done
hold "two copies are more than 1.8 times as fast" "$one > 1.8 * $(cycles_of 2)"
expect "the columns are shared, so there must be as many" 1 \
    "not supported: copies = 33 of 'conv2d_1', because copies share the columns of its output" \
    run "$work/conv.pan" --timing-only --copies conv2d_1=33

sed -e 's/^\( *tiles\): 4 /\1: 512 /; s/^\( *mesh_width\): [0-9]*/\1: 32/; s/^\( *mcus\): 2 /\1: 1 /' \
    -e 's/^\( *cores\): 2 /\1: 8 /; s/^\( *rows\): 16/\1: 8/; s/^\( *columns\): 16/\1: 8/' \
    -e 's/^\( *memory_words\): [0-9]*/\1: 65536/; s/^\( *channels\): [0-9]*/\1: 256/' \
    "$examples/machines/tiny.yaml" >"$work/small.yaml"
echo 'network many(x: map[8, 1, 8]) -> map[57, 1, 8] {
    return relu(conv2d(relu(conv2d(x, 57, 1)), 57, 3, padding = 1))
}' >"$work/many.pan"
expect "a value goes to so many places at most" 1 "can be taken 255 times" \
    "$PANTHER" compile "$work/many.pan" --machine "$work/small.yaml" --copies conv2d_2=4

# Training: exact sums of updates need no random numbers, so that nothing depends on the copies.
gzip -dc "$examples/data/digits.csv.gz" | head -n 100 >"$work/few.csv"
sed -e 's|data/digits.csv.gz|few.csv|' -e "s|\"machines/|\"$examples/machines/|" \
    "$examples/digits_cnn.pan" >"$work/few.pan"
digits() { run "$work/few.pan" --epochs 1 "$@"; }
losses=$(digits --save "$work/one.safetensors" | grep '^epoch')
for copies in conv2d_1=2 conv2d_1=3 'conv2d_1=4,conv2d_2=2' 'conv2d_*=4,conv2d_1=1'; do
    for variant in 2 3; do
        same "$copies, variant $variant: the losses of single matrices" "$losses" \
            "$(digits --copies "$copies" --variant "$variant" --save "$work/copies.safetensors" |
                grep '^epoch')"
        check "$copies, variant $variant: the same weights and digits, saved once" \
            cmp "$work/one.safetensors" "$work/copies.safetensors"
    done
done
for mode in stream digit; do
    for engine in "" "--interpreter fixed"; do
        # shellcheck disable=SC2086
        digits --copies 'conv2d_*=3' --opa-mode $mode --update-rounding stochastic $engine |
            grep '^epoch' >"$work/$mode${engine// /}"
    done
    same "$mode: copies round alike on the machine and the interpreter" \
        "$(cat "$work/$mode")" "$(cat "$work/$mode--interpreterfixed")"
done

# Saved by one, resumed by another number of copies.
digits --epochs 2 --save "$work/two.safetensors" >"$work/out"
digits --epochs 2 --copies 'conv2d_*=2' --weights "$work/one.safetensors" --resume \
    --save "$work/resumed.safetensors" >"$work/out"
check "copies go on from the file of single matrices" \
    cmp "$work/two.safetensors" "$work/resumed.safetensors"
knobs=(--fidelity device --device preset=reram_illustrative,read_noise=0.002 --copies conv2d_1=2)
digits --epochs 2 "${knobs[@]}" --save "$work/two.safetensors" >"$work/out"
digits "${knobs[@]}" --save "$work/one.safetensors" >"$work/out"
digits --epochs 2 "${knobs[@]}" --weights "$work/one.safetensors" --resume \
    --save "$work/resumed.safetensors" >"$work/out"
check "disturbed cells of copies are saved and resumed" \
    cmp "$work/two.safetensors" "$work/resumed.safetensors"

# In the program, and what shows them.
sed 's|^deploy {|deploy { place cnn { layer "conv2d_*" { copies = 2 } };|' "$work/few.pan" \
    >"$work/copies.pan"
compile() { "$PANTHER" compile "$work/copies.pan" "$@" 2>&1; }
same "the program's copies are the command line's" \
    "$("$PANTHER" compile "$work/few.pan" --copies 'conv2d_*=2' --emit map | tail -n +3)" \
    "$(compile --emit map | tail -n +3)"
expect "the map shows every copy" 0 "conv2d_2.copy1" compile --emit map
expect "and the listing" 0 "copy_of=1" compile --emit asm
expect "the command line wins" 0 "conv2d_1.copy3" compile --copies conv2d_1=4 --emit map
check "nothing of the program's is left then" \
    test "$(compile --copies 'conv2d_*=1' --emit map | grep -c copy)" -eq 0

# What there is no form for.
expect "a dense layer" 1 "not supported: copies = 2 of 'dense_1'" compile --copies dense_1=2
expect "no such layer" 2 "--copies 'cnv' matches no layer" compile --copies cnv=2
expect "no number" 2 "--copies takes LAYER=N,... with N from 1 to 4096, not 'conv2d_1'" \
    compile --copies conv2d_1
place() { sed "s|copies = 2|$1|" "$work/copies.pan" >"$work/place.pan"; }
place 'mapping = "kernel_split"'
expect "kernel_split" 1 "not supported: mapping = \"kernel_split\"" \
    "$PANTHER" compile "$work/place.pan"
place 'mapping = "im2col"'
expect "im2col is what there is" 0 "MCUs" "$PANTHER" compile "$work/place.pan"
place 'tiles = [1, 2]'
expect "tiles of a layer" 1 "not supported: 'tiles' of a layer" "$PANTHER" compile "$work/place.pan"
sed 's|place cnn {|place cnn { share = 0.5;|' "$work/copies.pan" >"$work/place.pan"
expect "share" 1 "not supported: 'share' of place" "$PANTHER" compile "$work/place.pan"
finish
