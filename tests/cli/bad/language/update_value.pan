# expect: 'h' is not a parameter and cannot be updated
param W: matrix[4, 8]
kernel k(x: vec[8], rate: scalar) {
    h = W @ x
    h += h
}
