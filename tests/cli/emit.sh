#!/usr/bin/env bash
# compile --emit dot|map and disasm for people: graphs, the placement, what stands beside the code.
source "$(dirname "$0")/common.bash"
program=$examples/mlp_digits.pan
"$PANTHER" compile -q "$program" -o "$work/d.pimg"

# dot: one box per core once placed, one per layer before; drawn where Graphviz is installed.
"$PANTHER" compile "$program" --emit dot -o "$work/placed.dot"
"$PANTHER" compile "$program" --emit dot --stop-after lower -o "$work/lowered.dot"
expect "a box per core" 0 'label="tile 0 core 1"' cat "$work/placed.dot"
expect "a box per thread" 0 'label="tile 0 thread 0"' cat "$work/placed.dot"
expect "a box per layer" 0 'label="layer dense_2"' cat "$work/lowered.dot"
expect "a node says what it is" 0 'mvm dense_1\nvec<64 q9>\nn=1"' cat "$work/lowered.dot"
expect "a node says where it is from" 0 'mlp_digits.pan:10:14"' cat "$work/lowered.dot"
count() { "$PANTHER" compile "$program" --emit ir "$@" | grep -c '^  %[0-9]* = '; }
check "every operation is a node" test "$(grep -c 'label="%' "$work/placed.dot")" = "$(count)"
"$PANTHER" compile "$program" --emit ir --stop-after lower -o "$work/lowered.ir"
same "IR in text form is drawn" "$(grep -c -e '->' "$work/lowered.dot")" \
    "$("$PANTHER" compile "$work/lowered.ir" --emit dot | grep -c -e '->')"
if command -v dot >/dev/null; then
    for graph in placed lowered; do
        check "Graphviz reads $graph" dot -Tsvg "$work/$graph.dot" -o "$work/$graph.svg"
    done
else
    echo "skip - Graphviz reads it: dot is not installed"
fi

# map: layers and MCUs.
map=$("$PANTHER" compile "$program" --emit map)
expect "map: what is in use" 0 "1 of 138 tiles, 2 of 1104 cores, 2 of 2208 MCUs" echo "$map"
expect "map: where a layer is" 0 "tile 0 core 1" grep -E '^dense_2 ' <<<"$map"
expect "map: what an MCU holds" 0 "m0  dense_1              inputs 0-64, outputs 0-63" echo "$map"
l4=$("$PANTHER" compile "$examples/mlp_l4.pan" --emit map)
same "map: one line per MCU" "$(grep -c '^    m[01]  dense' <<<"$l4")" \
    "$(grep -Eo '[0-9]+ of [0-9]+ MCUs' <<<"$l4" | cut -d' ' -f1)"
expect "no image, no map" 2 "is drawn from the image" \
    "$PANTHER" compile "$program" --emit map --stop-after lower

# disasm: what stands beside the instructions; selections.
listing=$("$PANTHER" disasm "$work/d.pimg" --entry train:mlp --tile 0 --core 1)
expect "buffer names" 0 ' + collect2]' echo "$listing"
expect "layer and source line" 0 '; layer dense_2, ' echo "$listing"
expect "what an MCU holds" 0 '; m0: dense_2, inputs 0-64, outputs 0-9' echo "$listing"
twice=$(grep '^ ' <<<"$listing" | sed -n 's/.*; layer/layer/p; t; s/.*//p' | uniq -d |
    grep -c layer)
same "a group has one comment" "0" "$twice"
layer=$("$PANTHER" disasm "$work/d.pimg" --layer dense_2 --entry train:mlp)
expect "a layer keeps its labels" 0 'blt    s0, 1, L' echo "$layer"
check "and leaves out cores of others" test "$(grep -c '^\.core' <<<"$layer")" = 1
missing=0
while read -r _ label; do
    grep -q "^$label:" <<<"$layer" || missing=1
done < <(grep -Eo ', L[0-9]+' <<<"$layer")
same "every branch target is in the listing" 0 "$missing"
cp "$program" "$work/p.pan"
(cd "$work" && "$PANTHER" compile -q p.pan --machine panther -o p.pimg)
lines=$(cd "$work" && "$PANTHER" disasm p.pimg --layer dense_2 --entry train:mlp --source)
expect "lines of the program" 0 '; 11: return dense(h, 10)' echo "$lines"
same "and else the same listing" "$(cd "$work" && "$PANTHER" disasm p.pimg --layer dense_2 \
    --entry train:mlp)" "$(grep -v '^        ; [0-9]*: ' <<<"$lines")"
rm "$work/p.pan"
expect "a program that is gone" 0 "--source shows nothing of it" \
    bash -c "cd '$work' && '$PANTHER' disasm p.pimg --source"
expect "a misspelt layer" 1 "did you mean 'dense_2'?" \
    "$PANTHER" disasm "$work/d.pimg" --layer dens_2
expect "no such entry" 1 "there are test:mlp, train:mlp, crs" \
    "$PANTHER" disasm "$work/d.pimg" --entry backward
finish
