# expect: 'param' stands before the scan
network f(xs: seq[4, vec[8]]) -> seq[4, vec[8]] {
    ys = scan x in xs {
        param b: vec[8]
        yield x + b
    }
    return ys
}
