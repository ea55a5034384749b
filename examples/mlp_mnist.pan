# MNIST, 784-128-10, in mini-batches of 64 with one update per batch (`batch` mode, which the paper's
# accuracy figures were measured in). The four .gz files of MNIST are looked for in examples/data/mnist
# and in the folder of --data; examples/data/README.md says where to get them.
const MNIST = "data/mnist/"

data digits {
    train = idx(MNIST + "train-images-idx3-ubyte.gz", MNIST + "train-labels-idx1-ubyte.gz")
    test  = idx(MNIST + "t10k-images-idx3-ubyte.gz", MNIST + "t10k-labels-idx1-ubyte.gz")
    scale = 1/255
}

network mlp(image: vec[784]) -> vec[10] {
    h = relu(dense(image, 128))
    return dense(h, 10)
}

train mlp on digits {
    loss  = cross_entropy;  update = sgd(rate = 0.2)
    batch = 64;  epochs = 3
    every 16 batches { crs() }                 # 1024 outer products
    every epoch { test() }
}

deploy {
    machine  = "machines/panther.yaml"
    opa_mode = "batch"
}
