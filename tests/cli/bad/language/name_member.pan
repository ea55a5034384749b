# expect: 'x' is a vec[8] and has no member 'channels'
network f(x: vec[8]) -> vec[4] {
    return dense(x, x.channels)
}
