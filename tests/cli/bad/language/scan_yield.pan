# expect: the scan ends without yield
network f(xs: seq[4, vec[8]]) -> seq[4, vec[8]] {
    ys = scan x in xs { y = x }
    return ys
}
