# VGG-16 for images of 32 x 32 with 100 classes, the convolutional workload of the paper (Table 4),
# without biases, to time training steps:
#
#     panther run examples/papers/panther/vgg16.pan --timing-only --entry train:vgg16
#
# There is no data set to it: any file of 3072 bytes per example would do for a run with numbers.
data images { train = raw("images.bin", "images.labels", size = 3072);  scale = 1/255 }

const STAGES = [[64, 64], [128, 128], [256, 256, 256], [512, 512, 512], [512, 512, 512]]

network vgg16(image: map[3, 32, 32]) -> vec[100] {
    x = image
    for stage in STAGES {
        for n in stage { x = relu(conv2d(x, n, kernel = 3, padding = 1, bias = false)) }
        x = max_pool(x, 2)
    }
    x = relu(dense(flatten(x), 4096, bias = false))
    x = relu(dense(x, 4096, bias = false))
    return dense(x, 100, bias = false)
}

train vgg16 on images {
    loss = cross_entropy;  update = sgd(rate = 0.01);  batch = 1;  epochs = 1
}
