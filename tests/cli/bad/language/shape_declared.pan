# expect: 'dense(x, 4)' is a vec[4], but a vec[5] is declared
network f(x: vec[8]) -> vec[4] {
    h: vec[5] = dense(x, 4)
    return h
}
