# expect: max_pool: a kernel of 5 does not fit 4 rows (padding included) of a map[1, 4, 4]
network f(x: map[1, 4, 4]) -> vec[1] {
    return flatten(max_pool(x, 5))
}
