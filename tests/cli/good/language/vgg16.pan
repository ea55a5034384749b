include "data.pan"                             # Table 4 of the PANTHER paper, training with everything, and hand-made placement
const LAYERS = [64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M"]
network vgg16(image: map[3, 32, 32]) -> vec[100] {
    x = image
    for n in LAYERS {
        if n == "M" { x = max_pool(x, 2) }
        else { x = relu(conv2d(x, n, 3, padding = 1)) }
    }
    x = relu(dense(flatten(x), 4096))
    x = relu(dense(x, 4096))
    return dense(x, 100)
}
train vgg16 on photos {
    loss    = cross_entropy;  update = sgd(rate = step_decay(0.1, milestones = [80, 120], gamma = 0.1))
    batch   = 64;  epochs = 160;  seed = 1
    weights = "vgg16-start.safetensors";  freeze = ["conv2d_1.*", "conv2d_2.*"]
    stop    = patience("valid_accuracy", 5)
    every 16 batches  { crs() }                # 16 batches of 64: the paper's 1024 steps
    every 100 batches { log("loss", "rate") }
    every epoch       { validate() }
    every 10 epochs   { test(); save("vgg16-{epoch}.safetensors") }
}
deploy {
    machine = "machines/panther.yaml";  variant = 2
    place vgg16 {
        layer "conv2d_*" { mapping = "kernel_split" }
        layer "conv2d_1" { copies = 16; tiles = [0, 1] }
        layer "dense_1"  { tiles = range(100, 112); error = q16 }
    }
}
