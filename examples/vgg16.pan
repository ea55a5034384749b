# Training of the PANTHER paper's VGG-16 (Table 4) in mini-batches of 64 with three crossbar copies.
# Times and energy need no data:
#
#     panther run examples/vgg16.pan --timing-only --entry train:vgg16
#
# The 64 KB of a tile of machines/panther.yaml do not hold the maps that wait for the backward pass;
# the 2 MB of machines/panther_cnn.yaml do.
include "networks/vgg16_table4.pan"

data photos {
    train = cifar100("data/cifar100/train.bin")
    test  = cifar100("data/cifar100/test.bin")
    scale = 1/255;  mean = [0.507, 0.487, 0.441];  std = [0.267, 0.256, 0.276]
    augment = [flip(), crop(4)]
}

train vgg16 on photos {
    loss  = cross_entropy
    update = sgd(rate = step_decay(0.05, milestones = [80, 120], gamma = 0.1))
    batch = 64;  epochs = 160
    every 16 batches { crs() }                 # 1024 examples
    every epoch { test() }
}

deploy {
    machine  = "machines/panther_cnn.yaml";  variant = 3
    opa_mode = "batch"
}
