# expect: an argument by position cannot follow one by name
network f(x: vec[8]) -> vec[4] {
    return dense(x = x, 4)
}
