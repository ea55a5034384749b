# expect: 'q1' is a format, not a name
network f(x: vec[8]) -> vec[4] {
    q1 = dense(x, 4)
    return q1
}
