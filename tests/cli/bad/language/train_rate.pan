# expect: a rate is a number, step_decay(...) or cosine(...), found a string
data d { train = csv("d.csv", label = 8) }
network f(x: vec[8]) -> vec[4] { return dense(x, 4) }
train f on d { loss = cross_entropy; update = sgd("fast"); batch = 4; epochs = 1 }
