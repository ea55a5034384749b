#!/usr/bin/env bash
# The machines that PANTHER is compared with: they compute the exact numbers, run the images that were
# compiled for PANTHER, and come to the ratios that the paper states. About half a minute.
source "$(dirname "$0")/common.bash"
export PANTHER PANTHER_QUICK=1
folder=$examples/papers/panther

if ! command -v python3 >/dev/null; then
    echo "skip - papers_machines: python3 is not installed"
    exit 77
fi

# accuracy OPTION...: after three epochs on the digits, with the loss.
accuracy()
{
    "$PANTHER" run "$examples/mlp_digits.pan" --epochs 3 --stats "$work/s.json" -q "$@" >/dev/null &&
        python3 -c "import json; s = json.load(open('$work/s.json'))
print(s['test_accuracy'], s['test_loss'], s['crs'])"
}
same "digital units compute the exact numbers" "$(accuracy --machine base_digital)" \
    "$(accuracy --machine panther --opa-mode ideal --fidelity ideal --crs 0)"
same "so do updates beside crossbars" "$(accuracy --machine base_mvm)" \
    "$(accuracy --machine base_digital)"
same "profiles differ in energies only" "$(accuracy --machine base_mvm_paper)" \
    "$(accuracy --machine base_mvm)"

check "an image for PANTHER" "$PANTHER" compile "$examples/mlp_digits.pan" -o "$work/digits.pimg"
for machine in base_digital base_mvm base_opa_mvm panther_paper; do
    check "runs on $machine" "$PANTHER" run "$work/digits.pimg" --epochs 1 --data "$examples" \
        --machine "$machine" -q
done
expect "no third crossbar beside digital updates" 1 "not supported: variant 3" \
    "$PANTHER" run "$work/digits.pimg" --machine base_mvm --variant 3
expect "no literal updates either" 1 "'opa_mode' is ideal" \
    "$PANTHER" run "$work/digits.pimg" --machine base_mvm --opa-mode stream
sed '/component: digital_update/d' "$examples/machines/base_mvm.yaml" >"$work/m.yaml"
expect "the energy of a digital update is needed" 1 "digital_update" \
    "$PANTHER" machine check "$work/m.yaml"

for name in energy crs fig4 machines fig14 vgg16; do
    check "experiment $name holds" "$folder/run" -o "$work" "$name"
done
for name in energy crs fig4 fig11 fig12 fig13 fig14 vgg16; do
    expect "$name leaves JSON" 0 '"experiment"' cat "$work/$name.json"
    expect "$name leaves a drawing" 0 "</svg>" cat "$work/$name.svg"
done
finish
