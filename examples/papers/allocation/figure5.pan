# Layers 2 and 3 of Figure 5: maps of 5 x 5 pixels of one channel.
network figure5(image: map[1, 5, 5]) -> map[1, 5, 5] {
    x = conv2d(image, 1, 3, padding = 1, bias = false)
    return conv2d(x, 1, 3, padding = 1, bias = false)
}
