# expect: no update inside scan
param W: matrix[8, 8]
kernel k(xs: seq[4, vec[8]]) {
    ys = scan x in xs {
        y = W @ x
        W += outer(y, x)
        yield y
    }
}
