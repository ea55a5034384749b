def conv_bn(x, channels, kernel, stride) {
    x = conv2d(x, channels, kernel, stride = stride, padding = kernel // 2, bias = false, name = "conv")
    return batch_norm(x, name = "bn")
}
def block(x, channels, stride = 1) {
    y = relu(conv_bn(x, channels, 3, stride, name = "a"))
    y = conv_bn(y, channels, 3, 1, name = "b")
    if stride != 1 or x.channels != channels { x = conv_bn(x, channels, 1, stride, name = "shortcut") }
    return relu(x + y)
}
network resnet18(image: map[3, 224, 224]) -> vec[1000] {
    x = relu(conv_bn(image, 64, 7, 2, name = "stem"))
    x = max_pool(x, 3, stride = 2, padding = 1)
    for channels, stride in [[64, 1], [128, 2], [256, 2], [512, 2]] {
        x = block(x, channels, stride, name = "stage{channels}.0")
        x = block(x, channels, name = "stage{channels}.1")
    }
    return dense(global_avg_pool(x), 1000)
}
