# expect: 'def block' ends without return
def block(x) {
    y = relu(x)
}
network f(x: vec[8]) -> vec[4] {
    return dense(block(x), 4)
}
