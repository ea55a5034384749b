# expect: 'hiden' is not defined
network f(x: vec[8]) -> vec[4] {
    hidden = dense(x, 4)
    return hiden
}
