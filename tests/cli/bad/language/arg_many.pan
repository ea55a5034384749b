# expect: relu takes fewer arguments
network f(x: vec[8]) -> vec[4] {
    return relu(x, 4)
}
