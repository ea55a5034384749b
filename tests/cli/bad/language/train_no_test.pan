# expect: d has no 'test' part for test
# expect: d has no 'valid' part for validate
data d { train = csv("d.csv", label = 8) }
network f(x: vec[8]) -> vec[4] { return dense(x, 4) }
train f on d {
    loss = mse; update = sgd(0.1); batch = 64; epochs = 1
    every epoch { test(); validate() }
}
