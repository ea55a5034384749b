# 784-100-10 on MNIST, one example per kernel: the larger network of the sweeps in this folder.
# The four .gz files are looked for in examples/data/mnist and in the folder of --data.
const MNIST = "../../../data/mnist/"

data digits {
    train = idx(MNIST + "train-images-idx3-ubyte.gz", MNIST + "train-labels-idx1-ubyte.gz")
    test  = idx(MNIST + "t10k-images-idx3-ubyte.gz", MNIST + "t10k-labels-idx1-ubyte.gz")
    scale = 1/255
}

network mlp(image: vec[784]) -> vec[10] {
    h = relu(dense(image, 100))
    return dense(h, 10)
}

train mlp on digits {
    loss  = cross_entropy;  update = sgd(rate = 0.01)
    batch = 1;  epochs = 5
    every 1024 examples { crs() }
    every epoch { test() }
}

deploy {
    machine  = "../../../machines/panther.yaml"
    opa_mode = "stream"
}
