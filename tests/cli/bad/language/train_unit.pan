# expect: 'steps' is not a unit; units are batches, epochs, examples (16 batches of 64 are 1024 OPA steps)
data d { train = csv("d.csv", label = 8) }
network f(x: vec[8]) -> vec[4] { return dense(x, 4) }
train f on d {
    loss = mse; update = sgd(0.1); batch = 64; epochs = 1
    every 64 steps { crs() }
}
