# expect: 'for' cannot walk a seq
network f(xs: seq[4, vec[8]]) -> vec[8] {
    for x in xs { y = x }
    return last(xs)
}
