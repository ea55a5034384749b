# expect: dense: 'n' must be a positive integer, found 0
network f(x: vec[8]) -> vec[4] {
    return dense(x, 0)
}
