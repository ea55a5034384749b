# expect: 'network f' ends without return
network f(x: vec[8]) -> vec[4] {
    h = dense(x, 4)
}
