# expect: dense: 'n' is given twice
network f(x: vec[8]) -> vec[4] {
    return dense(x, 4, n = 4)
}
