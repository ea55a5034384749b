# expect: reshape: a vec[8] has 8 elements, a map[2, 2, 3] 12
network f(x: vec[8]) -> vec[4] {
    return flatten(reshape(x, 2, 2, 3))
}
