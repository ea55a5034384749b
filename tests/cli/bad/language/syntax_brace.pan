# expect: found 'def', expected '}'
network f(x: vec[8]) -> vec[4] {
    return dense(x, 4)
def g(x) { return x }
