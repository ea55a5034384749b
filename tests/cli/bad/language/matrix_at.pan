# expect: '@' multiplies a matrix parameter and a vec, found a vec[8] and a vec[8]
network f(x: vec[8]) -> vec[4] {
    return x @ x
}
