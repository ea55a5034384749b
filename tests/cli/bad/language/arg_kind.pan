# expect: dense: 'bias' must be true or false, found an integer
network f(x: vec[8]) -> vec[4] {
    return dense(x, 4, bias = 1)
}
