# expect: 'edge' has activation format q15 here
network f(x: vec[8]) -> vec[4] {
    h: q11 = dense(x, 4, name = "edge")
    return h
}
deploy { place f { layer "edge" { activation = q15 } } }
