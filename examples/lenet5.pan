# LeNet-5 on MNIST, in mini-batches of 64 with one update per batch. The files of MNIST are looked
# for as in mlp_mnist.pan; Fashion-MNIST has files of the same names (examples/data/README.md):
#
#     panther run examples/lenet5.pan
#     panther run examples/lenet5.pan --data /usr/share/datasets/fashion-mnist
#
# What they print, and with --interpreter float: the loss over each epoch of 60,000 images, and the
# accuracy on 10,000 others afterwards (PANTHER_FULL=1 tests/cli/accuracy_lenet5.sh runs all of it).
#
#                     MNIST                             Fashion-MNIST
#     epoch   machine         real numbers      machine         real numbers
#         1   0.4430 0.9727   0.3740 0.9799     0.8683 0.8248   0.7522 0.8331
#         2   0.0631 0.9838   0.0609 0.9839     0.4134 0.8516   0.3865 0.8516
#         3   0.0435 0.9872   0.0433 0.9894     0.3474 0.8672   0.3286 0.8751
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
    machine  = "machines/panther.yaml"
    opa_mode = "batch"
}
