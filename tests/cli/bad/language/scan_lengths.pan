# expect: xs has 64 steps and ys 32
network f(xs: seq[64, vec[8]]) -> seq[64, vec[8]] {
    ys = reshape(xs, 32, 16)
    zs = scan x, y in xs, ys {
        yield x
    }
    return zs
}
