#!/usr/bin/env bash
# panther plan: methods, machines, refusals, JSON, pictures, and the pages of two planning papers.
source "$(dirname "$0")/common.bash"
networks=$examples/networks

expect "methods" 0 "dp_free" "$PANTHER" plan list
expect "help" 0 "usage: panther plan [OPTION...]" "$PANTHER" plan --help
expect "nothing to plan" 2 "panther plan --help" "$PANTHER" plan
expect "a plan" 0 "steps in the simulator" "$PANTHER" plan "$networks/vgg_a.pan" -m isaac_like \
    --view conv_chain
expect "why" 0 "works in 251 of the 320 steps" "$PANTHER" plan "$networks/vgg_a.pan" -m isaac_like \
    --view conv_chain --explain
expect "on a machine of the emulator" 0 "on panther: method best" "$PANTHER" plan \
    "$networks/resnet18.pan"
expect "a machine file by its path" 0 "on tenants1" "$PANTHER" plan "$networks/dnn3.pan" \
    -m "$examples/machines/plan/tenants1.yaml" --method equal
expect "one network of a file" 0 "lenet5 on panther" "$PANTHER" plan "$examples/lenet5.pan:lenet5"
expect "a mapping" 0 "one image every 49 cycles" "$PANTHER" plan "$networks/resnet34_peng.pan" \
    -m peng --view chain --method hybrid --explain
expect "copies as given" 0 "15 steps in the simulator; Algorithm 1 says 15" "$PANTHER" plan \
    "$examples/papers/allocation/figure5.pan" -m isaac_like --method copies --copies 2,3
expect "with bandwidth" 0 "300.30 by Algorithm 1" "$PANTHER" plan "$networks/alexnet.pan" \
    -m isaac_like --view conv_chain --method exact --bandwidth 1
for network in "$networks"/*.pan; do
    grep -q '^network' "$network" || continue
    check "copies of $(basename "$network")" "$PANTHER" plan "$network" -m isaac_like \
        --method equal --crossbars 30000
done

# What cannot be done says so, with the smallest machine that would do.
expect "too few crossbars" 1 "would do has 4 tiles instead of 3" "$PANTHER" plan \
    "$networks/alexnet.pan" -m isaac_like --view conv_chain --crossbars 3 --method dp
expect "too few PEs" 1 "has 243 tiles instead of 32" "$PANTHER" plan "$networks/vgg_e.pan" \
    -m isaac_like --method hybrid
sed 's/memory_kib: 64/memory_kib: 1/' "$examples/machines/plan/isaac.yaml" > "$work/small.yaml"
expect "no room for buffers" 1 "would do has 254 tiles instead of 168" "$PANTHER" plan \
    "$networks/resnet18.pan" -m "$work/small.yaml" --method equal
expect "too short a stage" 1 "needs 661 PEs, but there are 390" "$PANTHER" plan \
    "$networks/resnet34_peng.pan" -m peng --view chain --method hybrid --stage 48
expect "no bandwidths" 1 "does not state 'tile_gib'" "$PANTHER" plan "$networks/dnn3.pan" \
    -m isaac --bandwidth 1
expect "no room in proportion" 1 "cannot give every layer a copy" "$PANTHER" plan \
    "$networks/vgg_a.pan" -m isaac_like --view conv_chain --method proportional --crossbars 600
expect "no such method" 2 "did you mean 'dp'?" "$PANTHER" plan "$networks/dnn3.pan" --method dpp
expect "no such machine" 1 "there is no machine 'isac'" "$PANTHER" plan "$networks/dnn3.pan" -m isac
expect "no such network" 1 "there is no network 'x'" "$PANTHER" plan "$examples/lenet5.pan:x"
expect "two networks for one" 2 "takes 1 network" "$PANTHER" plan "$networks/dnn3.pan" \
    "$networks/dnn4.pan" --method dp
expect "copies of fewer layers" 2 "takes 5 numbers" "$PANTHER" plan "$networks/alexnet.pan" \
    -m isaac_like --view conv_chain --method copies --copies 1,2,3
expect "more copies than pixels" 2 "of layer 1 one from 1 to 25" "$PANTHER" plan \
    "$examples/papers/allocation/figure5.pan" --method copies --copies 26,1
expect "a bandwidth of nothing" 2 "from 1e-6" "$PANTHER" plan "$networks/alexnet.pan" \
    -m isaac_like --bandwidth 0
expect "a view" 2 "one of all, convs, chain, conv_chain" "$PANTHER" plan "$networks/dnn3.pan" \
    --view some
expect "a file that is none" 1 "cannot read" "$PANTHER" plan nothing.pan
printf 'kernel k(x: vec[4]) -> vec[4] { return x }\n' > "$work/kernel.pan"
expect "no network" 1 "the program has no network" "$PANTHER" plan "$work/kernel.pan"
printf 'param W: matrix[4, 4]\nnetwork n(x: vec[4]) -> vec[4] { return W @ (W @ x) }\n' \
    > "$work/twice.pan"
expect "weights used twice" 1 "not supported: 'W' used twice" "$PANTHER" plan "$work/twice.pan"

# Chip files with errors.
chip=$examples/machines/plan/isaac_like.yaml
sed 's/rows: 128/rows: 0/' "$chip" > "$work/a.yaml"
expect "a number out of range" 1 "'rows' lies between 1 and 65536, not 0" "$PANTHER" plan \
    "$networks/dnn3.pan" -m "$work/a.yaml"
sed 's/rows: 128/row: 128/' "$chip" > "$work/b.yaml"
expect "an unknown key" 1 "unknown key 'row'" "$PANTHER" plan "$networks/dnn3.pan" -m "$work/b.yaml"
sed '/  columns/d' "$chip" > "$work/c.yaml"
expect "a missing key" 1 "the key 'columns' is missing" "$PANTHER" plan "$networks/dnn3.pan" \
    -m "$work/c.yaml"
sed 's/cells_per_weight: 1 /cells_per_weight: 64 /; s/columns: 128/columns: 32/' "$chip" \
    > "$work/d.yaml"
expect "a weight that does not fit" 1 "does not fit into 32 columns" "$PANTHER" plan \
    "$networks/dnn3.pan" -m "$work/d.yaml"

# Results for programs.
check "a picture" "$PANTHER" plan "$networks/vgg_a.pan" -m isaac_like --view conv_chain \
    --svg "$work/p.svg"
expect "of bars" 0 "<svg" cat "$work/p.svg"
if command -v python3 >/dev/null; then
    export PANTHER
    "$PANTHER" plan "$networks/vgg_a.pan" -m isaac_like --view conv_chain --json > "$work/p.json"
    expect "JSON" 0 "320 306" python3 -c "
import json; p = json.load(open('$work/p.json'))
print(p['plan']['simulated_steps'], p['bound_steps'])"
    check "the allocation paper" "$examples/papers/allocation/run" -o "$work" fig5 table5 table6 \
        fig9
    check "the mapping paper" "$examples/papers/mapping/run" -o "$work"
    expect "no such experiment" 2 "there are" "$examples/papers/mapping/run" table9
fi
finish
