include "data.pan"
param W: matrix[16, 13] = uniform(0.1)
kernel oja(x: vec[13], rate: scalar) -> vec[16] {
    y = W @ x
    W += rate * outer(y, x - W.T @ y)          # MVM, MTVM and OPA on one matrix
    return y
}
kernel hebb(x: vec[13], rate: scalar) { W += rate * outer(W @ x, x) }
train oja on wine { rate = cosine(0.01, 0.0001); batch = 1; epochs = 20; every epoch { save("oja.safetensors") } }
