# expect: conv2d has no argument 'pad'
network f(x: map[1, 8, 8]) -> map[4, 8, 8] {
    return conv2d(x, 4, 3, pad = 1)
}
