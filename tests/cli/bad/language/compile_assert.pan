# expect: assertion failed: nine inputs are needed
network f(x: vec[8]) -> vec[4] {
    assert(x.size == 9, "nine inputs are needed")
    return dense(x, 4)
}
