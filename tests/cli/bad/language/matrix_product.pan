# expect: 'W * x' would multiply a matrix element by element
param W: matrix[8, 8]
network f(x: vec[8]) -> vec[8] {
    return W * x
}
