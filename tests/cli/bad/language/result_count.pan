# expect: 'two(x)' gives 2 values, one is needed here
def two(x) { return x, x }
network f(x: vec[8]) -> vec[4] {
    return dense(two(x), 4)
}
