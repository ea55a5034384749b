#!/usr/bin/env bash
# panther plan: training on tiles and several networks on one chip, and the pages of their papers.
source "$(dirname "$0")/common.bash"
export PANTHER
networks=$examples/networks
papers=$examples/papers

# Training.
expect "shared tiles" 0 "no schedule has fewer than 156.80 steps per pair" "$PANTHER" plan \
    "$networks/vgg_a.pan" -m hubpa --method hubpa
expect "why" 0 "one replica more takes" "$PANTHER" plan "$networks/vgg_a.pan" -m hubpa \
    --method tdmp --explain
expect "by ratios" 0 "1 of 41 allocations reach it" "$PANTHER" plan \
    "$papers/hubpa/example.pan:example" -m "$papers/hubpa/example.yaml" --method hubpa --rule ratio
expect "a grouped network" 0 "steps per pair" "$PANTHER" plan "$networks/mobilenet.pan" -m hubpa \
    --method hubpa_lookahead
expect "a drawing" 0 "" "$PANTHER" plan "$networks/vgg_a.pan" -m hubpa --method sdmp \
    --svg "$work/a.svg"
expect "has both directions" 0 "BP vgg_1.conv2d_1" cat "$work/a.svg"
expect "too few tiles" 1 "would do has 1610 tiles instead of 1458" "$PANTHER" plan \
    "$networks/msra_3.pan" -m hubpa --method sdmp --crossbars 70000
expect "no chain" 1 "--view conv_chain takes the longest chain" "$PANTHER" plan \
    "$networks/resnet18.pan" -m hubpa --method hubpa
expect "ratios of too many tiles" 1 "a whole tile of at most 512" "$PANTHER" plan \
    "$networks/vgg_a.pan" -m hubpa --method hubpa --rule ratio
expect "too much to simulate" 1 "--pairs takes fewer" "$PANTHER" plan "$networks/vgg_e.pan" \
    -m hubpa --method hubpa --pairs 1000
expect "no convolutions" 1 "has no convolutions" "$PANTHER" plan "$examples/mlp_l4.pan" -m hubpa \
    --method hubpa
expect "a rule" 2 "one of balanced, ratio" "$PANTHER" plan "$networks/vgg_a.pan" --method hubpa \
    --rule some

# Tenants.
three=("$networks/dnn4.pan" "$networks/vgg_a.pan" "$papers/multi-tenant/vgg16.pan")
expect "tenants" 0 "no plan on these arrays is below 3118" "$PANTHER" plan "${three[@]}" \
    -m tenants1 --method tenants --explain
expect "what writing costs" 0 "1024 cycles: joint 4.11x" "$PANTHER" plan "${three[@]}" -m tenants1 \
    --method tenants
expect "with windows" 0 "windows, spatial sharing" "$PANTHER" plan "${three[@]}" -m tenants1 \
    --method tenants
expect "by the paper's method" 0 "alpha, beta" "$PANTHER" plan "${three[@]}" -m tenants1 \
    --method tenants_grid
expect "the baseline" 0 '"cycles":	51002' "$PANTHER" plan "${three[@]}" -m tenants1 \
    --method tenants_classic --json
expect "one tenant on few arrays" 0 "sharing of 7 arrays" "$PANTHER" plan "$networks/dnn3.pan" \
    -m tenants1 --method tenants_dynamic --crossbars 7
check "rounds drawn" "$PANTHER" plan "${three[@]}" -m tenants1 --method tenants --svg "$work/b.svg"
expect "one by one" 0 "vgg_a round 2" cat "$work/b.svg"
expect "groups" 1 "has groups of channels" "$PANTHER" plan "$networks/mobilenet.pan" -m tenants1 \
    --method tenants
expect "no input bits" 1 "does not state 'input_bits'" "$PANTHER" plan "$networks/dnn3.pan" \
    -m "$papers/hubpa/example.yaml" --method tenants
expect "a larger chip" 0 "sharing of 20000 arrays" "$PANTHER" plan "$networks/dnn3.pan" \
    -m tenants1 --method tenants --crossbars 20000

# The papers' pages.
if ! command -v python3 >/dev/null; then
    echo "skip - pages: python3 is not installed"
    finish
fi
for page in hubpa/example hubpa/networks multi-tenant/table2 multi-tenant/energy \
    multi-tenant/table3; do
    check "page $page holds" "$papers/${page%/*}/run" -o "$work" "${page#*/}"
done
expect "an unknown experiment" 2 "no experiment 'x'" "$papers/hubpa/run" x
finish
