# A multi-layer perceptron on the shipped 8x8 digits, trained by the outer products of the crossbars:
# one example per kernel, one carry resolution per 1024 examples. `stream` is the literal hardware of
# the PANTHER paper; that it trains is due to the rounded update operands of the machine file.
data digits {
    train = csv("data/digits.csv.gz", label = 64);  test = 0.2
    scale = 1/8                                # pixels are 0 to 16
}

network mlp(image: vec[64]) -> vec[10] {
    h = relu(dense(image, 64))
    return dense(h, 10)
}

train mlp on digits {
    loss  = cross_entropy;  update = sgd(rate = 0.01)
    batch = 1;  epochs = 20
    every 1024 examples { crs() }
    every epoch { test() }
}

deploy {
    machine  = "machines/panther.yaml"
    opa_mode = "stream"
}
