# expect: raws gives 784 elements, 'x' takes vec[8]
data raws { train = raw("a.bin", "b.bin", size = 784) }
network f(x: vec[8]) -> vec[4] { return dense(x, 4) }
train f on raws { loss = cross_entropy; update = sgd(0.1); batch = 4; epochs = 1 }
