# expect: test needs the network to evaluate: test(network)
data d { train = csv("d.csv", label = 8) }
param W: matrix[4, 8]
kernel k(x: vec[8], rate: scalar) {
    W += rate * outer(W @ x, x)
}
train k on d { rate = 0.1; batch = 4; epochs = 1; every epoch { test() } }
