# expect: state 'h' is a vec[4] at first, but a vec[8] after one step
param U: matrix[8, 4]
network f(xs: seq[4, vec[8]]) -> seq[4, vec[4]] {
    ys = scan x in xs {
        state h = zeros(4)
        h = U @ h
        yield h
    }
    return ys
}
