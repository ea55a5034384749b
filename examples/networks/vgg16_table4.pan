# VGG-16 as in Table 4 of the PANTHER paper: images of 32 x 32, 100 classes, 13 convolutions, 3 dense layers.
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
