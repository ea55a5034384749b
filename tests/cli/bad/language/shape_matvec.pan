# expect: W1 is a matrix[128, 784] and expects a vec[784], but 'h' is a vec[128]
param W1: matrix[128, 784]
network f(x: vec[784]) -> vec[128] {
    h = W1 @ x
    return W1 @ h
}
