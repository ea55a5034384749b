# expect: conv2d: 4 groups must divide the channels, found 6 in and 9 out
network f(x: map[6, 4, 4]) -> map[9, 4, 4] {
    return conv2d(x, 9, 1, groups = 4)
}
