# expect: 'scan' walks seqs, but 'x' is a vec[8]
network f(x: vec[8]) -> vec[4] {
    y = scan e in x { yield e }
    return dense(x, 4)
}
