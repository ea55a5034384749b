# A small convolutional network on the shipped 8x8 digits: two convolutions and a pool, trained by
# the outer products of the crossbars, one per position of the map. Mini-batches of 8 with one
# update per batch; 0.98 of the test digits are right after 12 epochs.
data digits {
    train = csv("data/digits.csv.gz", label = 64);  test = 0.2
    scale = 1/16                               # pixels are 0 to 16
}

network cnn(image: map[1, 8, 8]) -> vec[10] {
    x = relu(conv2d(image, 8, kernel = 3, padding = 1))
    x = max_pool(relu(conv2d(x, 16, kernel = 3, padding = 1)), 2)
    return dense(flatten(x), 10)
}

train cnn on digits {
    loss  = cross_entropy;  update = sgd(rate = cosine(0.15, 0.01))
    batch = 8;  epochs = 12
    every 128 batches { crs() }                # 1024 examples
    every epoch { test() }
}

deploy {
    machine  = "machines/panther.yaml"
    opa_mode = "batch"
}
