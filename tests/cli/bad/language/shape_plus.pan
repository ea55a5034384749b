# expect: '+' needs equal shapes, found map[64, 8, 8] and map[64, 4, 4]
network f(x: map[64, 8, 8]) -> map[64, 8, 8] {
    y = max_pool(x, 2)
    return x + y
}
