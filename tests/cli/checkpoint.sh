#!/usr/bin/env bash
# Checkpoints: a resumed run gives the same bits; PyTorch reads the files; damaged ones are refused.
source "$(dirname "$0")/common.bash"

sed -e "s#data/digits#$examples/data/digits#" -e 's#machines/#'"$examples"'/machines/#' \
    -e "s#every epoch { test() }#every epoch { test(); save(\"$work/e{epoch}.safetensors\") }; every 700 examples { save(\"$work/b{epoch}-{batch}.safetensors\"); crs() }#" \
    "$examples/mlp_digits.pan" >"$work/net.pan"
run() { "$PANTHER" run "$work/net.pan" --epochs 3 "$@" 2>&1; }

run --save "$work/whole.safetensors" >"$work/whole.txt"
mkdir "$work/saved"
mv "$work"/e*.safetensors "$work"/b*.safetensors "$work/saved"
saved=("$work"/saved/*.safetensors)
check "checkpoints were written (${#saved[@]})" test ${#saved[@]} -eq 9
for file in "${saved[@]}"; do
    name=$(basename "$file" .safetensors)
    run --weights "$file" --resume --save "$work/resumed.safetensors" >"$work/resumed.txt"
    check "resumed from $name: same bits" cmp "$work/whole.safetensors" "$work/resumed.safetensors"
    if [ "$name" != e3 ]; then
        same "resumed from $name: same last epoch" "$(grep '^epoch   3' "$work/whole.txt")" \
            "$(grep '^epoch   3' "$work/resumed.txt")"
    fi
done
expect "weights without resume start anew" 0 "epoch   1" run --weights "$work/whole.safetensors"
expect "resume with another seed" 1 "saved by a run with seed 0, this one has 3" \
    run --weights "$work/saved/e1.safetensors" --resume --seed 3
expect "resume on other slices" 1 "saved for another model or machine" \
    run --weights "$work/saved/e1.safetensors" --resume --slices 3333
expect "no such file" 1 "No such file" run --weights "$work/none"

if /usr/bin/python3 -c 'import torch' 2>/dev/null; then
    cat >"$work/read.py" <<'PYTHON'
import json, struct, sys, torch
data = open(sys.argv[1], "rb").read()
length = struct.unpack("<Q", data[:8])[0]
header = json.loads(data[8:8 + length])
assert all(type(v) is str for v in header.pop("__metadata__").values())
tensors = {}
for name, t in header.items():
    begin, end = (8 + length + o for o in t["data_offsets"])
    kind = {"F32": torch.float32, "I16": torch.int16}[t["dtype"]]
    tensors[name] = torch.frombuffer(bytearray(data[begin:end]), dtype=kind).reshape(t["shape"])
model = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10))
model.load_state_dict({f"{i}.{part}": tensors[f"dense_{n}.{part}"]
                       for i, n in ((0, 1), (2, 2)) for part in ("weight", "bias")})
digits = tensors["panther.digits.dense_1.0"].double()
weights = sum(d * 16.0 ** s for s, d in enumerate(digits)) / 2.0 ** 26
assert torch.allclose(weights[:64].t(), tensors["dense_1.weight"].double(), atol=1e-6)
PYTHON
    check "PyTorch reads a checkpoint" /usr/bin/python3 "$work/read.py" "$work/whole.safetensors"
    cat >"$work/write.py" <<'PYTHON'
import json, struct, sys, torch
torch.manual_seed(0)
tensors = {}
for n, (i, o) in ((1, (64, 64)), (2, (64, 10))):
    layer = torch.nn.Linear(i, o)
    tensors[f"dense_{n}.weight"], tensors[f"dense_{n}.bias"] = layer.weight, layer.bias
header, body = {}, b""
for name, t in tensors.items():
    raw = t.detach().contiguous().numpy().tobytes()
    header[name] = {"dtype": "F32", "shape": list(t.shape),
                    "data_offsets": [len(body), len(body) + len(raw)]}
    body += raw
text = json.dumps(header).encode()
open(sys.argv[1], "wb").write(struct.pack("<Q", len(text)) + text + body)
PYTHON
    /usr/bin/python3 "$work/write.py" "$work/torch.safetensors"
    expect "weights of PyTorch are read" 0 "epoch   3" run --weights "$work/torch.safetensors"
    expect "but not resumed" 1 "it holds weights only" run --weights "$work/torch.safetensors" --resume
else
    echo "skip - PyTorch reads a checkpoint: python3-torch is not installed"
fi

# Damaged files, on the build with sanitizers.
PANTHER=$PANTHER_ASAN
good=$work/whole.safetensors
head -c 1000 "$good" >"$work/cut1"
expect "cut in the header" 1 "ends too early" run --weights "$work/cut1"
head -c 20000 "$good" >"$work/cut2"
expect "cut in the data" 1 "its bytes lie outside the file" run --weights "$work/cut2"
sed 's/dense_1.weight/dense_9.weight/' "$good" >"$work/renamed"
expect "a renamed tensor" 1 "it has no tensor 'dense_1.weight'" run --weights "$work/renamed"
sed 's/"panther.step":"4314"/"panther.step":"431x"/' "$good" >"$work/step"
expect "a counter that is none" 1 "'panther.step' is missing or not a number" \
    run --weights "$work/step" --resume
sed 's/"panther.block":"0"/"panther.block":"7"/' "$good" >"$work/block"
expect "a block that does not exist" 1 "which this program does not do" \
    run --weights "$work/block" --resume
finish
