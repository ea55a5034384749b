# expect: 3 names cannot take 2 values
def two(x) { return x, x }
network f(x: vec[8]) -> vec[4] {
    a, b, c = two(x)
    return dense(a, 4)
}
