# expect: the column operand would need q-1 (weights q8 - rows q9); formats go from q0 to q31
param W: matrix[4, 8] q8
kernel k(x: vec[8], rate: scalar) {
    W += rate * outer(W @ x, x)
}
