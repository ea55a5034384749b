# expect: 'W' has error format q15 here
param W: matrix[4, 8]
network f(x: vec[8]) -> vec[4] { return relu(W @ x) }
network g(x: vec[8]) -> vec[4] { return W @ x }
deploy {
    place f { layer "W" { error = q12 }; layer "W" { error = q14 } }     # later wins
    place g { layer "W" { error = q15 } }
}
