# A small convolutional network on the digits, one example at a time: an update per position.
data digits {
    train = csv("../../../data/digits.csv.gz", label = 64);  test = 0.2
    scale = 1/8
}

network cnn(image: map[1, 8, 8]) -> vec[10] {
    x = max_pool(relu(conv2d(image, 8, kernel = 3, padding = 1)), 2)
    x = max_pool(relu(conv2d(x, 16, kernel = 3, padding = 1)), 2)
    return dense(flatten(x), 10)
}

train cnn on digits {
    loss  = cross_entropy;  update = sgd(rate = 0.01)
    batch = 1;  epochs = 20
    every 1024 examples { crs() }
    every epoch { test() }
}

deploy {
    machine  = "../../../machines/panther.yaml"
    opa_mode = "stream"
}
