# expect: the index 10 is outside 0 .. 8
network f(x: vec[8]) -> vec[4] {
    return x[6 : 10]
}
