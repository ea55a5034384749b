# expect: network 'mlp' returns vec[100], but line 3 declares vec[10]
network mlp(x: vec[8])
    -> vec[10] {
    return dense(x, 100)
}
