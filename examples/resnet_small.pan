# A small residual network on CIFAR-10: a stem, three blocks of two 3x3 convolutions with a
# shortcut, and a global average. batch_norm is folded into the matrix before it, which gets a bias;
# its statistics stay as they are, 0 and 1 unless --weights brings others. The files: as for
# vgg_small.pan.
data photos {
    train = cifar10("data/cifar10/data_batch_1.bin", "data/cifar10/data_batch_2.bin")
    test  = cifar10("data/cifar10/test_batch.bin")
    scale = 1/255;  mean = [0.491, 0.482, 0.447];  std = [0.247, 0.243, 0.262]
    augment = [flip()]
}

# A convolution with first weights that keep the size of activations through relu (He et al., 2015).
def conv(x, channels, kernel, stride = 1) {
    inputs = kernel * kernel * x.channels
    param W: matrix[channels, inputs] = normal(sqrt(2 / inputs))
    return batch_norm(W @ patches(x, kernel, stride = stride, padding = kernel // 2))
}

def block(x, channels, stride) {
    y = relu(conv(x, channels, 3, stride))
    y = conv(y, channels, 3)
    if stride != 1 or x.channels != channels { x = conv(x, channels, 1, stride) }
    return relu(x + y)
}

network resnet_small(image: map[3, 32, 32]) -> vec[10] {
    x = relu(conv(image, 16, 3))
    for channels, stride in [[16, 1], [32, 2], [64, 2]] { x = block(x, channels, stride) }
    return dense(global_avg_pool(x), 10)
}

train resnet_small on photos {
    loss  = cross_entropy;  update = sgd(rate = 0.1)
    batch = 32;  epochs = 10
    every 32 batches { crs() }                 # 1024 examples
    every epoch { test() }
}

deploy {
    machine  = "machines/panther.yaml"
    opa_mode = "batch"
}
