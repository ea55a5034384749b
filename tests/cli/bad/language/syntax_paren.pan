# expect: found 'return', expected ')', ',', an operator
network f(x: vec[8]) -> vec[4] {
    y = relu(dense(x, 4)
    return y
}
