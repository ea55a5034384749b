# expect: "conv*" matches nothing; parameters of f are dense_1.weight, dense_1.bias
data d { train = csv("d.csv", label = 8) }
network f(x: vec[8]) -> vec[4] { return dense(x, 4) }
train f on d { loss = mse; update = sgd(0.1); batch = 4; epochs = 1; freeze = ["conv*"] }
