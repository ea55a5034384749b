# expect: 'y' is used before it has a value
network f(x: vec[8]) -> vec[4] {
    z = y
    y = x
    return dense(z, 4)
}
