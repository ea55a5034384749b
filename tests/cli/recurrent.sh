#!/usr/bin/env bash
# Seqs: what recurrent networks learn, that the machine computes what the fixed-point interpreter
# does, and what is refused.
source "$(dirname "$0")/common.bash"

run=$("$PANTHER" run "$examples/rows_lstm.pan" 2>&1)
accuracy=$(grep '^epoch' <<<"$run" | tail -n 1 | grep -o '[0-9.]*$')
check "an LSTM over the rows of the digits: test accuracy ${accuracy:-missing} is at least 0.95" \
    awk "BEGIN { exit !(${accuracy:-0} >= 0.95) }"

# weights FILE: the tensors of a safetensors file, without the machine's own.
weights()
{
    python3 - "$1" <<'PYTHON'
import json, struct, sys
data = open(sys.argv[1], "rb").read()
length, = struct.unpack("<Q", data[:8])
for name, t in sorted(json.loads(data[8:8 + length]).items()):
    if name != "__metadata__" and not name.startswith("panther."):
        begin, end = t["data_offsets"]
        print(name, t["shape"], data[8 + length + begin:8 + length + end].hex())
PYTHON
}

# agree NAME BODY BATCH [INPUT [PARAMETERS]]: the same weights from the machine and from the
# interpreter.
agree()
{
    cat >"$work/net.pan" <<EOF_NET
data d { train = csv("$examples/data/digits.csv.gz", label = 64); scale = 1/8; limit = 24 }
${5:-}
network net(xs: ${4:-seq[4, vec[16]]}) -> vec[10] {
    $2
}
train net on d { loss = cross_entropy; update = sgd(rate = 0.5); batch = $3; epochs = 1 }
deploy { machine = "$examples/machines/panther_cnn.yaml"; opa_mode = "batch" }
EOF_NET
    agree_run "$1, batch $3"
}
agree_run()
{
    rm -f "$work"/*.safetensors
    "$PANTHER" run "$work/net.pan" --save "$work/machine.safetensors" >"$work/out" 2>&1 ||
        not_ok "$1: the machine's run" "$(cat "$work/out")"
    "$PANTHER" run "$work/net.pan" --interpreter fixed --save "$work/fixed.safetensors" \
        >"$work/out" 2>&1 || not_ok "$1: the interpreter's run" "$(cat "$work/out")"
    same "$1: machine and interpreter train the same weights" \
        "$(weights "$work/machine.safetensors")" "$(weights "$work/fixed.safetensors")"
}
agree "rnn" 'return dense(last(rnn(xs, 7)), 10)' 1
agree "lstm" 'return dense(last(lstm(xs, 9)), 10)' 2
agree "gru, both ways" \
    'return dense(concat(last(gru(xs, 6)), last(gru(reverse(xs), 5))), 10)' 4
agree "scan, dense at each step" 'hs = scan x in tanh(dense(xs, 8)) { state h = zeros(12)
        h = tanh(dense(concat(x, h), 12)); yield h }
    return dense(reshape(hs, 48), 10)' 3

agree "a convolution, an LSTM over its rows" \
    'x = relu(conv2d(xs, 4, 3, padding = 1)); return dense(last(lstm(reshape(x, 16, 16), 6)), 10)' \
    2 'map[1, 8, 8]'
agree "a matrix in a scan and before it" 'q = tanh(W @ last(xs))
    hs = scan x in xs { state h = q; h = tanh(W @ h + x); yield h }
    return dense(last(hs), 10)' 2 'seq[8, vec[8]]' 'param W: matrix[8, 8]'
agree "a matrix in scans of different lengths" \
    'a = scan x in xs { state h = zeros(8); h = tanh(W @ h + x); yield h }
    b = scan x in reshape(xs, 16, 4) { state h = zeros(8); h = tanh(W @ h + concat(x, x)); yield h }
    return dense(concat(last(a), last(b)), 10)' 2 'seq[8, vec[8]]' 'param W: matrix[8, 8]'

# More steps than a core has registers for pointers, were each of them to have its own.
agree28()
{
    local cell=$1
    python3 - "$work" <<'PYTHON'
import random, sys
random.seed(3)
with open(sys.argv[1] + "/rows.csv", "w") as out:
    for _ in range(12):
        label = random.randrange(3)
        print(*[random.randint(0, 15) + label for _ in range(28 * 4)], label, sep=",", file=out)
PYTHON
    cat >"$work/net.pan" <<EOF_NET
data d { train = csv("rows.csv", label = 112); scale = 1/16 }
network net(xs: seq[28, vec[4]]) -> vec[3] { return dense(last($cell(xs, 16)), 3) }
train net on d { loss = cross_entropy; update = sgd(rate = 0.5); batch = 4; epochs = 2 }
deploy { machine = "$examples/machines/$2.yaml" }
EOF_NET
    rm -f "$work"/*.safetensors
    check "a $cell of 16 over 28 steps trains on $2" \
        "$PANTHER" run "$work/net.pan" --save "$work/machine.safetensors"
    check "and on the interpreter" "$PANTHER" run "$work/net.pan" --interpreter fixed \
        --save "$work/fixed.safetensors"
    same "$cell over 28 steps on $2: the same weights" \
        "$(weights "$work/machine.safetensors")" "$(weights "$work/fixed.safetensors")"
}
agree28 gru panther
agree28 lstm panther
agree28 gru panther_overlapped

# The backward pass written out in a kernel does what the compiler makes of the network.
cat >"$work/bptt.pan" <<EOF_NET
data d { train = csv("$examples/data/digits.csv.gz", label = 64); scale = 1/8; limit = 200 }
param U: matrix[16, 16];  param V: matrix[16, 8];  param O: matrix[10, 16]
network net(xs: seq[8, vec[8]]) -> vec[10] {
    hs = scan x in xs { state h = zeros(16); h = tanh(U @ h + V @ x); yield h }
    return O @ last(hs)
}
kernel bptt(xs: seq[8, vec[8]], y: label[10], rate: scalar) {
    hs, before = scan x in xs {
        state h = zeros(16)
        b = h
        h = tanh(U @ h + V @ x)
        yield h, b
    }
    d  = softmax(O @ last(hs)) - one_hot(y)
    gs = scan h in reverse(hs) {
        state e = O.T @ d
        g = e * (1 - h * h);  e = U.T @ g
        yield g
    }
    O -= rate * outer(d, last(hs))
    U -= rate * outer(reverse(gs), before)
    V -= rate * outer(reverse(gs), xs)
}
EOF_NET
{
    cat "$work/bptt.pan"
    echo 'train bptt on d { rate = 0.1 / 4; batch = 4; epochs = 1 }'
} >"$work/kernel.pan"
{
    cat "$work/bptt.pan"
    echo 'train net on d { loss = cross_entropy; update = sgd(0.1); batch = 4; epochs = 1 }'
} >"$work/network.pan"
for kind in kernel network; do
    check "the $kind trains" "$PANTHER" run "$work/$kind.pan" --interpreter float \
        --save "$work/$kind.safetensors"
done
{
    cat "$work/kernel.pan"
    echo "deploy { machine = \"$examples/machines/panther.yaml\"; opa_mode = \"batch\" }"
} >"$work/net.pan"
same "back-propagation through time by hand and by the compiler" \
    "$(weights "$work/kernel.safetensors")" "$(weights "$work/network.safetensors")"
agree_run "back-propagation by hand"

# sizes CELL STEPS: instructions of the programs that test and train such a network.
sizes()
{
    cat >"$work/steps.pan" <<EOF_NET
network net(xs: seq[$2, vec[4]]) -> vec[3] { return dense(last($1(xs, 6)), 3) }
data d { train = csv("none.csv", label = 1) }
train net on d { loss = cross_entropy; update = sgd(0.1); batch = 2; epochs = 1 }
EOF_NET
    sed 's/memory_words: .*/memory_words: 131072/' "$examples/machines/panther.yaml" \
        >"$work/roomy.yaml"
    "$PANTHER" compile "$work/steps.pan" -m "$work/roomy.yaml" 2>&1 |
        grep -o '[0-9]* core and [0-9]* tile instructions'
}
for cell in rnn lstm gru; do
    few=$(sizes $cell 16)
    check "the text of the $cell over 16 steps has a size: $few" test -n "$few"
    for steps in 7 31 64 100 256; do
        same "the text of the $cell is as long over $steps steps" "$few" "$(sizes $cell $steps)"
    done
done
echo 'network f(x: seq[9000, vec[4]]) -> vec[4] { return last(lstm(x, 4)) }' >"$work/many.pan"
check "an LSTM over 9000 steps compiles" "$PANTHER" compile "$work/many.pan"

# Nested scans have operations for every step.
cat >"$work/long.pan" <<'EOF_NET'
network f(x: seq[600, vec[4]]) -> vec[4] {
    y = scan a in x { z = scan b in x { yield a + b }; yield last(z) }
    return last(y)
}
EOF_NET
expect "more steps than a program can hold" 1 \
    "a graph of more than 100000 operations, because every step of a seq has operations of its own" \
    "$PANTHER" compile "$work/long.pan" -o "$work/long.pimg"
echo 'network f(x: seq[4, label[9]]) -> seq[4, vec[9]] { return one_hot(x) }' >"$work/text.pan"
expect "classes at few steps" 1 "not supported yet: a seq of labels whose steps have operations" \
    "$PANTHER" compile "$work/text.pan" -o "$work/text.pimg"
check "a refused program leaves no image" \
    test ! -e "$work/long.pimg" -a ! -e "$work/text.pimg"

expect "a plan of a recurrence" 1 "not supported: a plan of a recurrence" \
    "$PANTHER" plan "$examples/rows_lstm.pan"
echo 'network f(x: seq[20, vec[30]]) -> vec[4] { return dense(last(relu(dense(x, 40))), 4) }' \
    >"$work/steps.pan"
expect "a plan of a layer over steps" 0 "20x1" "$PANTHER" plan "$work/steps.pan"

# Text: every byte is a class, the target of a window is the same one step on.
python3 - "$work" <<'PYTHON'
import random, sys
random.seed(1)
words = "the cat sat on the mat and the dog ran to the cat while a bird sang of the sea ".split()
with open(sys.argv[1] + "/novel.txt", "w") as out:
    out.write(" ".join(random.choice(words) for _ in range(500)))
PYTHON
# chars CLASSES EPOCHS FILE
chars()
{
    cat <<EOF_NET
data novel { train = text("$3", window = 16); valid = 0.05; test = 0.1 }
const SYMBOLS = $1
def my_lstm(xs, n) {
    param W: matrix[4*n, xs.size];  param U: matrix[4*n, n];  param b: vec[4*n]
    hs = scan x in xs {
        state h = zeros(n);  state c = zeros(n)
        z = W @ x + U @ h + b
        c = sigmoid(z[n : 2*n]) * c + sigmoid(z[0 : n]) * tanh(z[2*n : 3*n])
        h = sigmoid(z[3*n : 4*n]) * tanh(c)
        yield h
    }
    return hs
}
network chars(text: seq[16, label[SYMBOLS]]) -> seq[16, vec[SYMBOLS]] {
    return dense(my_lstm(one_hot(text), 24), SYMBOLS)
}
train chars on novel {
    loss = cross_entropy;  update = sgd(rate = 4);  batch = 8;  epochs = $2
    every epoch { test(); validate() }
}
deploy { machine = "$examples/machines/panther.yaml"; opa_mode = "batch" }
EOF_NET
}
chars 24 30 novel.txt >"$work/chars.pan"
run=$("$PANTHER" run "$work/chars.pan" --interpreter float 2>&1)
accuracy=$(grep '^epoch' <<<"$run" | tail -n 1 | grep -o 'test accuracy [0-9.]*' | grep -o '[0-9.]*$')
check "a network over text foretells bytes of it: accuracy ${accuracy:-missing} is at least 0.6" \
    awk "BEGIN { exit !(${accuracy:-0} >= 0.6) }"
chars 24 1 novel.txt >"$work/chars.pan"
rm -f "$work"/*.safetensors
check "text on the machine" "$PANTHER" run "$work/chars.pan" --save "$work/machine.safetensors"
check "and on the interpreter" "$PANTHER" run "$work/chars.pan" --interpreter fixed \
    --save "$work/fixed.safetensors"
same "the machine learns text as the interpreter does" \
    "$(weights "$work/machine.safetensors")" "$(weights "$work/fixed.safetensors")"
chars 9 1 novel.txt >"$work/few.pan"
expect "fewer classes than the text has" 1 \
    "gives 16 steps of 18 classes, but 'text' takes 16 of 9" "$PANTHER" run "$work/few.pan"
printf 'short' >"$work/short.txt"
chars 24 1 short.txt >"$work/short.pan"
expect "a text shorter than a window" 1 "its 5 bytes are no window of 16 and one more" \
    "$PANTHER" run "$work/short.pan"
printf 'The sea and a bird, and the cat and the dog, and the mat.' >"$work/other.txt"
sed 's/test = 0.1/test = text("other.txt", window = 16)/' "$work/chars.pan" >"$work/other.pan"
expect "a test text with bytes of its own" 1 "it has the byte 44, which" \
    "$PANTHER" run "$work/other.pan"
finish
