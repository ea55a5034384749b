include "data.pan"
const SYMBOLS = 96
def my_lstm(xs, n) {                           # what the built-in lstm(xs, n) does
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
network chars(text: seq[64, label[SYMBOLS]]) -> seq[64, vec[SYMBOLS]] {
    return dense(my_lstm(one_hot(text), 128), SYMBOLS)     # the same weights at every step
}
train chars on novel { loss = cross_entropy; update = sgd(rate = 0.1); batch = 32; epochs = 10 }
