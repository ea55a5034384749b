# A small VGG on CIFAR-10: three stages of two 3x3 convolutions and a pool. The files of CIFAR-10
# are looked for in examples/data/cifar10 and in the folder of --data; examples/data/README.md says
# where to get them.
data photos {
    train = cifar10("data/cifar10/data_batch_1.bin", "data/cifar10/data_batch_2.bin")
    test  = cifar10("data/cifar10/test_batch.bin")
    scale = 1/255;  mean = [0.491, 0.482, 0.447];  std = [0.247, 0.243, 0.262]
    augment = [flip()]
}

# A convolution with first weights that keep the size of activations through relu (He et al., 2015).
def conv(x, channels) {
    param W: matrix[channels, 9 * x.channels] = normal(sqrt(2 / (9 * x.channels)))
    return relu(W @ patches(x, 3, padding = 1))
}

network vgg_small(image: map[3, 32, 32]) -> vec[10] {
    x = image
    for channels in [16, 32, 64] {
        x = max_pool(conv(conv(x, channels), channels), 2)
    }
    return dense(flatten(x), 10)
}

train vgg_small on photos {
    loss  = cross_entropy;  update = sgd(rate = 0.1)
    batch = 32;  epochs = 10
    every 32 batches { crs() }                 # 1024 examples
    every epoch { test() }
}

deploy {
    machine  = "machines/panther.yaml"
    opa_mode = "batch"
}
