# expect: 'W' has error format q14 here
# expect: 'W' has weight format q20 here
# expect: 'conv' has activation format q10 here
param W: matrix[4, 8] q26
network f(x: map[1, 4, 4]) -> map[2, 2, 2] {
    y: q9 = conv2d(x, 2, 3, name = "conv")
    return y
}
kernel k(x: vec[8], rate: scalar) {
    d = W @ x
    e: q12 = W.T @ d
    W -= rate * outer(d, e)
}
deploy {
    place f { layer "*.weight" { activation = q10 } }
    place k { layer "W" { error = q14 }; layer "W" { weight = q20 } }
}
