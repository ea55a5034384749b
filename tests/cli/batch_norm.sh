#!/usr/bin/env bash
# batch_norm behind a layer is folded into its matrix: no vector work on the machine, the bits of the
# interpreter, and files that say the same after a round trip. Elsewhere it is a scale and a shift.
source "$(dirname "$0")/common.bash"

gzip -dc "$examples/data/digits.csv.gz" | head -n 64 >"$work/few.csv"
# program BODY [SETTING]: a network on the digits that is trained for an epoch.
program()
{
    cat >"$work/net.pan" <<PAN
data d { train = csv("few.csv", label = 64); scale = 1/16; test = 0.25 }
network net(image: map[1, 8, 8]) -> vec[10] {
    $1
}
train net on d {
    loss = cross_entropy; update = sgd(rate = 0.2); batch = 4; epochs = 1; ${2:-}
    every epoch { test() }
}
deploy { machine = "$examples/machines/panther_cnn.yaml"; opa_mode = "batch" }
PAN
}
run() { "$PANTHER" run "$work/net.pan" "$@" 2>&1; }
# ops NAME: how many operations of a kind the training graph has at first.
ops()
{
    "$PANTHER" compile "$work/net.pan" --stop-after layout --emit ir 2>/dev/null |
        sed -n '/^graph @"train/,/^}/p' | grep -c " = $1 " || true
}
# agree NAME: machine and fixed-point interpreter have the same weights and results after training.
agree()
{
    run --save "$work/machine.safetensors" >"$work/machine" || not_ok "$1" "$(cat "$work/machine")"
    run --interpreter fixed --save "$work/fixed.safetensors" >"$work/fixed"
    same "$1: machine and interpreter train the same weights" \
        "$(tensors "$work/machine.safetensors")" "$(tensors "$work/fixed.safetensors")"
    same "$1: and test the same" "$(grep '^epoch' "$work/machine")" "$(grep '^epoch' "$work/fixed")"
}

program 'x = relu(batch_norm(conv2d(image, 6, 3, padding = 1, bias = false)))
    x = relu(batch_norm(conv2d(x, 6, 3, padding = 1, groups = 6)))
    x = relu(batch_norm(conv2d(x, 8, 1, bias = false)) + conv2d(x, 8, 1))
    return dense(batch_norm(dense(flatten(max_pool(x, 2)), 20)), 10)'
same "folded: no vector operation is left of four batch_norms" "0 0 1" "$(ops rsqrt) $(ops mul) $(ops add)"
agree "folded"
tensors "$work/machine.safetensors" >"$work/values"
check "the saved batch_norm is the identity but for its bias" awk '
    /^batch_norm_[0-9]*.weight/ { for (i = 3; i <= NF; i++) bad += $i != 1 }
    /^batch_norm_[0-9]*.mean/   { for (i = 3; i <= NF; i++) bad += $i != 0 }
    /^batch_norm_[24].bias/     { for (i = 3; i <= NF; i++) bad += $i != 0 }
    /^batch_norm_[13].bias/     { for (i = 3; i <= NF; i++) moved += $i != 0 }
    END { exit bad || !moved }' "$work/values"

# Statistics from elsewhere, then round trips: a file that panther wrote means the same to it.
python3 - "$work/machine.safetensors" "$work/start.safetensors" <<'PYTHON'
import json, random, struct, sys
data = open(sys.argv[1], "rb").read()
length, = struct.unpack("<Q", data[:8])
header, body, out = json.loads(data[8:8 + length]), b"", {}
random.seed(3)
for name, t in sorted(header.items()):
    if name == "__metadata__" or name.startswith("panther."):
        continue
    begin, end = (8 + length + k for k in t["data_offsets"])
    values = struct.unpack(f"<{(end - begin) // 4}f", data[begin:end])
    if name.startswith("batch_norm"):
        low = 0.3 if name.endswith("var") else -0.5
        values = [random.uniform(low, 1.2) for _ in values]
    out[name] = {"dtype": "F32", "shape": t["shape"],
                 "data_offsets": [len(body), len(body) + 4 * len(values)]}
    body += struct.pack(f"<{len(values)}f", *values)
text = json.dumps(out).encode()
open(sys.argv[2], "wb").write(struct.pack("<Q", len(text)) + text + body)
PYTHON
sed 's/rate = 0.2/rate = 0/' "$work/net.pan" >"$work/still.pan"
still() { "$PANTHER" run "$work/still.pan" "$@" --interpreter float 2>&1 | grep '^epoch'; }
first=$(still --weights "$work/start.safetensors" --save "$work/once.safetensors")
second=$(still --weights "$work/once.safetensors" --save "$work/twice.safetensors")
same "a folded file computes what the file did that it was made of" "$first" "$second"
same "and is written as it was read" "$(tensors "$work/once.safetensors")" \
    "$(tensors "$work/twice.safetensors")"
check "though not as what it was made of" \
    test "$(tensors "$work/start.safetensors")" != "$(tensors "$work/once.safetensors")"
run --weights "$work/start.safetensors" --save "$work/machine.safetensors" >"$work/machine"
run --weights "$work/start.safetensors" --interpreter fixed --save "$work/fixed.safetensors" \
    >"$work/fixed"
same "trained on from it: the same weights on the machine" \
    "$(tensors "$work/machine.safetensors")" "$(tensors "$work/fixed.safetensors")"

# Carries and all: a run in two parts ends with the bits of a run in one.
run --epochs 2 --save "$work/whole.safetensors" >"$work/out"
run --epochs 1 --save "$work/half.safetensors" >"$work/out"
run --epochs 2 --weights "$work/half.safetensors" --resume --save "$work/parts.safetensors" \
    >"$work/out"
check "a resumed run ends with the same bits" \
    cmp "$work/whole.safetensors" "$work/parts.safetensors"

# A variance that no batch can have.
python3 - "$work/once.safetensors" "$work/bad.safetensors" <<'PYTHON'
import json, struct, sys
data = bytearray(open(sys.argv[1], "rb").read())
length, = struct.unpack("<Q", data[:8])
at = 8 + length + json.loads(data[8:8 + length])["batch_norm_2.var"]["data_offsets"][0]
data[at + 4:at + 8] = struct.pack("<f", -0.5)
open(sys.argv[2], "wb").write(data)
PYTHON
expect "a negative variance" 1 "'batch_norm_2.var': the variance of element 1 is not positive" \
    run --weights "$work/bad.safetensors"

# Where it is not the only reader, trained otherwise, or behind something else, it stays by itself.
program 'x = conv2d(image, 4, 3)
    return dense(flatten(batch_norm(x) + x), 10)'
same "two readers: scale and shift" "1" "$(ops rsqrt)"
agree "two readers"
program 'x = batch_norm(relu(conv2d(image, 4, 3)))
    return dense(flatten(x), 10)'
same "behind relu: scale and shift" "1" "$(ops rsqrt)"
program 'x = batch_norm(conv2d(image, 4, 3))
    return dense(flatten(x), 10)' 'freeze = ["batch_norm_1.*"]'
same "frozen where the layer is not: scale and shift" "1" "$(ops rsqrt)"
agree "frozen where the layer is not"
program 'x = batch_norm(conv2d(image, 4, 3))
    return dense(flatten(x), 10)' 'freeze = ["batch_norm_1.*", "conv2d_1.*"]'
same "frozen together: folded" "0" "$(ops rsqrt)"
agree "frozen together"

finish
