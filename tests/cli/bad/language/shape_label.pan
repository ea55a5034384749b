# expect: relu expects a vec, but 'y' is a label[4]
network f(y: label[4]) -> vec[4] {
    return relu(y)
}
