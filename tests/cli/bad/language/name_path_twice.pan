# expect: the path 'a.weight' is used twice
network f(x: vec[8]) -> vec[4] {
    h = dense(x, 8, name = "a")
    return dense(h, 4, name = "a")
}
