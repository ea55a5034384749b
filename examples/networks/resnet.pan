# Residual networks of basic blocks (He et al., 2015). Batch normalisation is folded into the weights.
def conv(x, channels, kernel, stride) {
    return conv2d(x, channels, kernel, stride = stride, padding = kernel // 2, bias = false, name = "conv")
}
def block(x, channels, stride) {
    y = relu(conv(x, channels, 3, stride, name = "a"))
    y = conv(y, channels, 3, 1, name = "b")
    if stride != 1 or x.channels != channels { x = conv(x, channels, 1, stride, name = "shortcut") }
    return relu(x + y)
}
def trunk(image, depths) {
    x = relu(conv(image, 64, 7, 2, name = "stem"))
    x = max_pool(x, 3, stride = 2, padding = 1)
    for i in range(4) {
        channels = [64, 128, 256, 512][i]
        for k in range(depths[i]) {
            stride = 1
            if k == 0 and i > 0 { stride = 2 }
            x = block(x, channels, stride, name = "stage{i}.{k}")
        }
    }
    return x
}
