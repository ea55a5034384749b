# expect: strings use double quotes; a transpose is written W.T
network f(x: vec[8]) -> vec[4] {
    return dense(x, 4, name = 'a')
}
