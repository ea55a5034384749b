# LeNet-5 on MNIST, in mini-batches of 64 with one update per batch. The files of MNIST are looked
# for as in mlp_mnist.pan. One epoch gives 0.97 on the test images.
const MNIST = "data/mnist/"

data digits {
    train = idx(MNIST + "train-images-idx3-ubyte.gz", MNIST + "train-labels-idx1-ubyte.gz")
    test  = idx(MNIST + "t10k-images-idx3-ubyte.gz", MNIST + "t10k-labels-idx1-ubyte.gz")
    scale = 1/255
}

network lenet5(image: map[1, 28, 28]) -> vec[10] {
    x = max_pool(relu(conv2d(image, 6, kernel = 5, padding = 2)), 2)
    x = max_pool(relu(conv2d(x, 16, kernel = 5)), 2)
    x = relu(dense(flatten(x), 120))
    x = relu(dense(x, 84))
    return dense(x, 10)
}

train lenet5 on digits {
    loss  = cross_entropy;  update = sgd(rate = 0.2)
    batch = 64;  epochs = 3
    every 16 batches { crs() }                 # 1024 examples
    every epoch { test() }
}

deploy {
    machine  = "machines/panther_cnn.yaml"
    opa_mode = "batch"
}
