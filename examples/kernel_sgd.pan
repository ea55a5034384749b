# Training written out: forward and backward pass and the update as outer products, one statement per
# matrix operation (MVM, MTVM, OPA). The kernel runs once per batch; its updates add up over the batch
# and take effect when it ends.
data digits {
    train = csv("data/digits.csv.gz", label = 64);  test = 0.2
    scale = 1/8
}
const BATCH = 16
param W1: matrix[64, 64];  param W2: matrix[10, 64]

network classify(x: vec[64]) -> vec[10] { return W2 @ relu(W1 @ x) }

kernel step(x: vec[64], y: label[10], rate: scalar) -> scalar {
    h  = relu(W1 @ x)                          # MVM
    p  = softmax(W2 @ h)
    d2 = p - one_hot(y)
    d1 = (W2.T @ d2) * (h > 0)                 # MTVM, element-wise product with the derivative of relu
    W2 -= rate * outer(d2, h)                  # OPA
    W1 -= rate * outer(d1, x)
    return sum(d2 * d2)
}

train step on digits {
    rate = 0.1 / BATCH;  batch = BATCH;  epochs = 20
    every 64 batches { crs() }
    every epoch      { test(classify); log("output") }
}

deploy { opa_mode = "batch" }
