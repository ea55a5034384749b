include "../../networks/vgg.pan"               # VGG16 as the multi-tenant paper's Table I prints it
network vgg16(image: map[3, 224, 224]) -> vec[1000] {
    x = image
    for i in range(5) {
        for k in range(2) { x = relu(conv2d(x, CHANNELS[i], 3, padding = 1, bias = false)) }
        if i > 1 { x = relu(conv2d(x, 256, 3, padding = 1, bias = false)) }
        x = max_pool(x, 2)
    }
    x = relu(dense(flatten(x), 4096, bias = false))
    x = relu(dense(x, 4096, bias = false))
    return dense(x, 1000, bias = false)
}
