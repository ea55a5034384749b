# expect: an outer product is scaled by scalars and numbers, found a vec[8]
param W: matrix[4, 8]
kernel k(x: vec[8], rate: scalar) {
    W += x * outer(W @ x, x)
}
