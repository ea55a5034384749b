# expect: dense expects a vec, but 'x' is a map[512, 1, 1]
network f(x: map[512, 1, 1]) -> vec[4] {
    return dense(x, 4)
}
