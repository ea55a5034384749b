# expect: cross_entropy expects a vec, but 'conv2d(x, 3, 1)' is a map[3, 2, 2]
data d { train = csv("d.csv", label = 12) }
network f(x: map[3, 2, 2]) -> map[3, 2, 2] { return conv2d(x, 3, 1) }
train f on d { loss = cross_entropy; update = sgd(0.1); batch = 4; epochs = 1 }
