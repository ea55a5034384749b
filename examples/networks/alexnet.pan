# AlexNet (Krizhevsky et al., 2012) without its two groups, as the allocation paper has it.
def conv(x, n, kernel, stride = 1, padding = 0) {
    return relu(conv2d(x, n, kernel, stride = stride, padding = padding, bias = false, name = "conv"))
}
network alexnet(image: map[3, 227, 227]) -> vec[1000] {
    x = max_pool(conv(image, 96, 11, stride = 4), 3, stride = 2)
    x = max_pool(conv(x, 256, 5, padding = 2), 3, stride = 2)
    for n in [384, 384, 256] { x = conv(x, n, 3, padding = 1) }
    x = flatten(max_pool(x, 3, stride = 2))
    for n in [4096, 4096] { x = relu(dense(x, n, bias = false)) }
    return dense(x, 1000, bias = false)
}
