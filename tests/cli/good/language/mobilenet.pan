def separable(x, channels, stride = 1) {
    x = conv2d(x, x.channels, 3, stride = stride, padding = 1, groups = x.channels, bias = false)   # depthwise
    return relu(batch_norm(conv2d(relu(batch_norm(x)), channels, 1, bias = false)))
}
network mobilenet(image: map[3, 224, 224]) -> vec[1000] {
    x = relu(batch_norm(conv2d(image, 32, 3, stride = 2, padding = 1, bias = false)))
    for channels, stride in [[64, 1], [128, 2], [128, 1], [256, 2], [256, 1], [512, 2]] { x = separable(x, channels, stride) }
    for i in range(5) { x = separable(x, 512) }
    x = separable(separable(x, 1024, 2), 1024)
    return dense(global_avg_pool(x), 1000)
}
