# expect: an update of a matrix is a sum of outer products, found a vec[4]
param W: matrix[4, 8]
kernel k(x: vec[8], rate: scalar) {
    W += rate * (W @ x)
}
