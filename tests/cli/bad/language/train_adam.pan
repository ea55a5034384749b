# expect: update = adam(...): an in-crossbar update can only apply sgd; other rules would have to read and write the weights serially
data d { train = csv("d.csv", label = 8) }
network f(x: vec[8]) -> vec[4] { return dense(x, 4) }
train f on d { loss = cross_entropy; update = adam(0.001); batch = 4; epochs = 1 }
