param U: matrix[64, 64];  param V: matrix[64, 28];  param O: matrix[10, 64]
kernel bptt(xs: seq[28, vec[28]], y: label[10], rate: scalar) {        # a recurrent net, backward pass written out
    hs, before = scan x in xs {
        state h = zeros(64)
        b = h                                  # the value before this step
        h = tanh(U @ h + V @ x)
        yield h, b
    }
    d  = softmax(O @ last(hs)) - one_hot(y)
    gs = scan h in reverse(hs) {
        state e = O.T @ d
        g = e * (1 - h * h);  e = U.T @ g
        yield g
    }
    O -= rate * outer(d, last(hs))
    U -= rate * outer(reverse(gs), before)     # summed over the steps
    V -= rate * outer(reverse(gs), xs)
}
