# expect: 'epoch' is not a setting of train 'f'
data d { train = csv("d.csv", label = 8) }
network f(x: vec[8]) -> vec[4] { return dense(x, 4) }
train f on d { loss = mse; update = sgd(0.1); batch = 4; epoch = 1; epochs = 1 }
