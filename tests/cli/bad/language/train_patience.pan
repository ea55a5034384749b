# expect: patience watches one of valid_accuracy, valid_loss, test_accuracy, test_loss, loss, found "rate"
data d { train = csv("d.csv", label = 8) }
network f(x: vec[8]) -> vec[4] { return dense(x, 4) }
train f on d { loss = mse; update = sgd(0.1); batch = 4; epochs = 1; stop = patience("rate", 3) }
