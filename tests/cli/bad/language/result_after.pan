# expect: nothing may follow 'return'
network f(x: vec[8]) -> vec[4] {
    return dense(x, 4)
    y = x
}
