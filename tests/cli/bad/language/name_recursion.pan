# expect: 'g' calls itself; a def is expanded at each call
def g(x) { return g(x) }
network f(x: vec[8]) -> vec[4] {
    return g(x)
}
