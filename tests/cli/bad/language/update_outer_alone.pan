# expect: outer(col, row) stands only in an update
param W: matrix[4, 8]
kernel k(x: vec[8], rate: scalar) {
    y = outer(W @ x, x)
}
