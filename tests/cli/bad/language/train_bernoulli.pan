# expect: the gradient of bernoulli is not defined
data d { train = csv("d.csv", label = 8) }
network f(x: vec[8]) -> vec[4] {
    return dense(bernoulli(sigmoid(dense(x, 8))), 4)
}
train f on d { loss = cross_entropy; update = sgd(0.1); batch = 4; epochs = 1 }
