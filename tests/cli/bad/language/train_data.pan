# expect: 'e' is not a data item
data d { train = csv("d.csv", label = 8) }
network f(x: vec[8]) -> vec[4] { return dense(x, 4) }
train f on e { loss = mse; update = sgd(0.1); batch = 4; epochs = 1 }
