# expect: 'for' cannot walk an integer
network f(x: vec[8]) -> vec[4] {
    for i in 3 { y = x }
    return dense(x, 4)
}
