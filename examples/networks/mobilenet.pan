# MobileNet-v1 (Howard et al., 2017), batch normalisation folded into the weights.
def conv(x, n, kernel, stride = 1, groups = 1) {
    return relu(conv2d(x, n, kernel, stride = stride, padding = kernel // 2, groups = groups, bias = false, name = "conv"))
}
def separable(x, channels, stride = 1) {
    x = conv(x, x.channels, 3, stride = stride, groups = x.channels, name = "depth")
    return conv(x, channels, 1, name = "point")
}
network mobilenet(image: map[3, 224, 224]) -> vec[1000] {
    x = conv(image, 32, 3, stride = 2, name = "stem")
    for channels, stride in [[64, 1], [128, 2], [128, 1], [256, 2], [256, 1], [512, 2]] {
        x = separable(x, channels, stride = stride)
    }
    for i in range(5) { x = separable(x, 512) }
    x = separable(separable(x, 1024, stride = 2), 1024)
    return dense(global_avg_pool(x), 1000, bias = false)
}
