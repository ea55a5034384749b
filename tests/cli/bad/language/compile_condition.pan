# expect: the condition depends on 'h', which is known only at run time
network f(x: vec[8]) -> vec[4] {
    h = dense(x, 4)
    if h > 0 { h = relu(h) }
    return h
}
