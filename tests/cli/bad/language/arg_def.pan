# expect: g: 'n' is missing
def g(x, n) { return dense(x, n) }
network f(x: vec[8]) -> vec[4] {
    return g(x)
}
