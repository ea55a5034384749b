include "data.pan"
const BATCH = 16
param W1: matrix[128, 784] q28;  param W2: matrix[10, 128] q28
network classify(x: vec[784]) -> vec[10] { return W2 @ relu(W1 @ x) }
kernel step(x: vec[784], y: label[10], rate: scalar) -> scalar {
    h  = relu(W1 @ x)                          # MVM
    p  = softmax(W2 @ h)
    d2 = p - one_hot(y)
    d1 = (W2.T @ d2) * (h > 0)                 # MTVM, element-wise product with the derivative of relu
    W2 -= rate * outer(d2, h)                  # OPA: summed over the batch, takes effect when it ends
    W1 -= rate * outer(d1, x)
    return sum(d2 * d2)
}
train step on digits {
    rate = 0.05 / BATCH;  batch = BATCH;  epochs = 3
    every 64 batches { crs() }
    every epoch      { test(classify); log("output") }
}
