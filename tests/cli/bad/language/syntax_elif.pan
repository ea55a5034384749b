# expect: write 'else if'
network f(x: vec[8]) -> vec[4] {
    if x.size > 4 { n = 4 } elif x.size > 2 { n = 2 }
    return dense(x, n)
}
