# expect: the result of 'relu' is not used
network f(x: vec[8]) -> vec[4] {
    relu(x)
    return dense(x, 4)
}
