# expect: more than 2^40 elements are too many
network f(x: vec[8]) -> vec[4] {
    h = dense(x, 1000000000)
    return dense(h, 1000000000)
}
