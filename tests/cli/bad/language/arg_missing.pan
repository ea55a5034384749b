# expect: max_pool: 'kernel' is missing
network f(x: map[1, 8, 8]) -> map[1, 4, 4] {
    return max_pool(x)
}
