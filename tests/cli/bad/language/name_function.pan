# expect: 'dence' is not a function
network f(x: vec[8]) -> vec[4] {
    return dence(x, 4)
}
