# expect: '+' needs numbers or vectors, but 'y' is a label[4]
network f(y: label[4]) -> vec[4] {
    return y + 1
}
