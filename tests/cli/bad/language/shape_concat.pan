# expect: concat joins values of one kind and size, found map[2, 4, 4] and map[2, 2, 2]
network f(x: map[2, 4, 4]) -> map[4, 4, 4] {
    return concat(x, avg_pool(x, 2))
}
