# expect: 'W' is read after its update on line 5; it changes only when the kernel ends
param W: matrix[4, 8]
kernel k(x: vec[8], rate: scalar) {
    y = W @ x
    W -= rate * outer(y, x)
    z = W @ x
    W -= rate * outer(z, x)
}
