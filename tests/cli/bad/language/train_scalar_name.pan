# expect: a scalar of a trained kernel cannot be called like the setting 'seed'
data d { train = csv("d.csv", label = 8) }
param W: matrix[4, 8]
kernel k(x: vec[8], seed: scalar) { W += seed * outer(W @ x, x) }
train k on d { seed = 1; batch = 4; epochs = 1 }
