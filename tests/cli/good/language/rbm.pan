include "data.pan"
param W: matrix[128, 784] = normal(0.01)
param visible: vec[784];  param hidden: vec[128]
kernel cd1(v0: vec[784], rate: scalar) -> scalar {
    p0 = sigmoid(W @ v0 + hidden)
    v1 = sigmoid(W.T @ bernoulli(p0) + visible)
    p1 = sigmoid(W @ v1 + hidden)
    W       += rate * (outer(p0, v0) - outer(p1, v1))
    hidden  += rate * (p0 - p1)
    visible += rate * (v0 - v1)
    return mean((v0 - v1) * (v0 - v1))
}
train cd1 on digits { rate = 0.1 / 32; batch = 32; epochs = 10; every 32 batches { crs(); log("output") } }
