# VGG (Simonyan and Zisserman, 2015), configurations A to E: 3x3 convolutions in five stages, each
# with a pool behind it, and three dense layers. Biases are left out: a plan counts weights only.
const CHANNELS = [64, 128, 256, 512, 512]

def vgg(image, depths, classes = 1000, hidden = 4096) {
    x = image
    for i in range(5) {
        for k in range(depths[i]) { x = relu(conv2d(x, CHANNELS[i], 3, padding = 1, bias = false)) }
        x = max_pool(x, 2)
    }
    x = relu(dense(flatten(x), hidden, bias = false))
    x = relu(dense(x, hidden, bias = false))
    return dense(x, classes, bias = false)
}
