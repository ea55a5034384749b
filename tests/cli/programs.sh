#!/usr/bin/env bash
# The programs of the language's description (tests/cli/good/language) with made-up data: they compile,
# and what is small enough runs on the machine with the results of the fixed-point interpreter.
source "$(dirname "$0")/common.bash"

cp "$root"/tests/cli/good/language/*.pan "$work"
ln -s "$examples/machines" "$work/machines"
mkdir -p "$work/data/mnist" "$work/data/cifar-100"
cd "$work" || exit 1
python3 - <<'PYTHON'
import gzip, random, struct
random.seed(11)
def images(name, count):
    pixels = bytes((r * 9 + c * (i % 10 + 1) + i) % 256 for i in range(count) for r in range(28)
                   for c in range(28))
    with gzip.open(f"data/mnist/{name}-images-idx3-ubyte.gz", "wb") as f:
        f.write(struct.pack(">IIII", 0x803, count, 28, 28) + pixels)
    with gzip.open(f"data/mnist/{name}-labels-idx1-ubyte.gz", "wb") as f:
        f.write(struct.pack(">II", 0x801, count) + bytes(i % 10 for i in range(count)))
def rows(name, count, values, label=None):
    with open(name, "w") as f:
        for i in range(count):
            row = [f"{random.uniform(0, 1):.4f}" for _ in range(values)]
            f.write(",".join(row + ([str(i % label)] if label else [])) + "\n")
images("train", 72)
images("t10k", 20)
for name, count in (("train", 40), ("test", 8)):
    with open(f"data/cifar-100/{name}.bin", "wb") as f:
        for i in range(count):
            f.write(bytes([i % 20, i % 100]) + bytes((k * (i % 7 + 1) + i) % 256 for k in range(3072)))
with open("data/wine_data.csv", "w") as f:
    f.write("a header\n")
rows("wine_rows.csv", 60, 13, 3)
with open("data/wine_data.csv", "a") as f:
    f.write(open("wine_rows.csv").read())
rows("small_rows.csv", 24, 64, 10)
rows("image.csv", 2, 784)
with open("label.csv", "w") as f:
    f.write("1,0,0,0,0,0,0,0,0,0\n0,0,0,1,0,0,0,0,0,0\n")
with open("data/novel.txt", "w") as f:
    f.write("the quick brown fox jumps over the lazy dog; " * 56)
PYTHON

run() { "$PANTHER" run "$@" 2>&1; }

# trains NAME PROGRAM OPTION...: machine and interpreter say and save the same.
trains()
{
    local name=$1
    shift
    run "$@" --save machine.st >machine.out || not_ok "$name: the machine's run" "$(cat machine.out)"
    run "$@" --save fixed.st --interpreter fixed >fixed.out
    same "$name: the weights of the fixed-point interpreter" "$(tensors machine.st | md5sum)" \
        "$(tensors fixed.st | md5sum)"
    same "$name: its log" "$(grep -E '^ *epoch' machine.out)" "$(grep -E '^ *epoch' fixed.out)"
}
# computes NAME PROGRAM INPUT OPTION...: the outputs of the fixed-point interpreter.
computes()
{
    local name=$1 program=$2 input=$3
    shift 3
    run "$program" --input "$input" --result output=machine.csv "$@" >machine.out ||
        not_ok "$name: the machine's run" "$(cat machine.out)"
    run "$program" --input "$input" --result output=fixed.csv --interpreter fixed "$@" >fixed.out
    same "$name: the outputs of the fixed-point interpreter" "$(cat machine.csv)" "$(cat fixed.csv)"
}
compiles() { expect "$1 compiles" 0 " MCUs in " "$PANTHER" compile "$@"; }

compiles data.pan
trains mlp mlp.pan -m panther --epochs 1
computes lenet5 lenet5.pan image=image.csv -m panther
sed -e '/layer "conv2d_/d' -e 's/tiles = range(100, 112); //' vgg16.pan >vgg16_placed.pan
compiles vgg16_placed.pan -m panther_cnn
compiles resnet18.pan -m panther_cnn
compiles mobilenet.pan -m panther_cnn
computes rows rows.pan image=image.csv -m panther
trains kernel_sgd kernel_sgd.pan -m panther --epochs 1
trains oja oja.pan -m tiny --epochs 2
trains rbm rbm.pan -m panther --epochs 1
{
    cat formats.pan
    echo 'data d { train = csv("small_rows.csv", label = 64) }
train small on d { loss = cross_entropy; update = sgd(rate = 0.1); batch = 4; epochs = 1 }'
} >formats_trained.pan
trains formats formats_trained.pan -m panther_cnn
echo 0.01 >rate.csv
expect "bptt runs on the interpreter" 0 "fixed interpreter" run bptt.pan --interpreter fixed -m panther \
    --input xs=image.csv --input y=label.csv --input rate=rate.csv

expect "bptt runs on the machine" 0 "cycles" run bptt.pan -m panther \
    --input xs=image.csv --input y=label.csv --input rate=rate.csv
trains chars chars.pan -m panther_cnn --epochs 1

# What is trained and what is not have their groups in other matrices, but the same results.
cat >groups.pan <<'PAN'
network groups(x: map[4, 14, 14]) -> vec[5] {
    x = relu(batch_norm(conv2d(x, 12, 3, stride = 2, padding = 1, groups = 4, bias = false)))
    x = relu(conv2d(x, 12, 3, stride = 2, groups = 12))
    return dense(flatten(conv2d(x, 36, 1, groups = 6)), 5)
}
PAN
{
    cat groups.pan
    echo 'data d { train = csv("groups.csv", label = 784) }
train groups on d { loss = cross_entropy; update = sgd(rate = 0.05); batch = 4; epochs = 1 }'
} >groups_trained.pan
python3 -c 'import random
for i in range(8): print(*["%.3f" % random.uniform(-1, 1) for _ in range(784)], i % 5, sep=",")' \
    >groups.csv
run groups_trained.pan -m panther_cnn --save groups.st >groups.out
head -n 1 image.csv >one.csv
computes "groups that are trained" groups_trained.pan x=one.csv -m panther_cnn --batch 1 \
    --entry test:groups --weights groups.st
apart=$(cat machine.csv)
computes "groups that are not" groups.pan x=one.csv -m panther_cnn --weights groups.st
same "both ways: the same outputs" "$apart" "$(cat machine.csv)"

# A network of several formals, each with values of its own.
echo 'network several(a: map[2, 3, 3], k: label[3], s: scalar) -> vec[2], vec[3] {
    return global_avg_pool(a) * s, one_hot(k) + s
}' >several.pan
seq -s, 18 >a.csv
echo 0,1,0 >k.csv
echo 0.5 >s.csv
for how in "" "--interpreter fixed" "--interpreter float"; do
    # shellcheck disable=SC2086
    expect "three formals, ${how:-machine}: the pool" 0 "output_1[0] = 2.5 7" \
        run several.pan -m tiny $how --input a=a.csv --input k=k.csv --input s=s.csv
    # shellcheck disable=SC2086
    expect "three formals, ${how:-machine}: the class" 0 "output_2[0] = 0.5 1.5 0.5" \
        run several.pan -m tiny $how --input a=a.csv --input k=k.csv --input s=s.csv
done

# Placement by hand: compiled, or refused with the reason.
for program in tenants vgg16; do
    check "$program is compiled or refused with the reason" grep -qE ' MCUs in |not supported|lacks' \
        <("$PANTHER" compile $program.pan -m panther_cnn 2>&1)
done

finish
