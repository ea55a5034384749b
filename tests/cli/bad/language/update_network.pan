# expect: updates belong in a kernel; in a network 'train' makes them
param W: matrix[4, 8]
network f(x: vec[8]) -> vec[4] {
    W += outer(W @ x, x)
    return W @ x
}
