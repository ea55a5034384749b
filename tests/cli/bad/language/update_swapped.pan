# expect: 'W' is a matrix[4, 8] and expects outer(vec[4], vec[8]), found outer(vec[8], vec[4])
param W: matrix[4, 8]
kernel k(x: vec[8], rate: scalar) {
    W += rate * outer(x, W @ x)
}
