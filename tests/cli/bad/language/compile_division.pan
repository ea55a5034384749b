# expect: 32 / 3 is not an integer
network f(x: vec[8]) -> vec[4] {
    return dense(x, 32 / 3)
}
