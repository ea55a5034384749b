# Models A, B and C of "Delving deep into rectifiers" (He et al., 2015): a 7x7 convolution, three stages
# of 3x3 ones, spatial pyramid pooling on 7x7, 3x3, 2x2 and 1x1 bins, and three dense layers.
def pyramid(x) {
    a = flatten(max_pool(x, 2));                b = flatten(max_pool(x, 6, stride = 4))
    c = flatten(max_pool(x, 7));                d = flatten(max_pool(x, 14))
    return concat(a, b, c, d)
}
def msra(image, depth, channels) {
    x = relu(conv2d(image, 96, 7, stride = 2, padding = 3, bias = false))
    for n in channels {
        x = max_pool(x, 2)
        for i in range(depth) { x = relu(conv2d(x, n, 3, padding = 1, bias = false)) }
    }
    x = pyramid(x)
    for n in [4096, 4096] { x = relu(dense(x, n, bias = false)) }
    return dense(x, 1000, bias = false)
}
