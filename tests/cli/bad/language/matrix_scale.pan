# expect: '0.5 * W' scales a matrix
param W: matrix[8, 8]
network f(x: vec[8]) -> vec[8] {
    return 0.5 * W @ x
}
