# The example of the paper's Fig. 2: 16, 4 and 1 units of work, 4 to 1 pooling behind the first two.
network example(image: map[1, 1, 16]) -> vec[1] {
    x = max_pool(relu(conv2d(image, 1, 1, bias = false)), [1, 4])
    x = max_pool(relu(conv2d(x, 1, 1, bias = false)), [1, 4])
    return flatten(conv2d(x, 1, 1, bias = false))
}

# The same as squares: a window then needs two rows of the map before it.
network squares(image: map[1, 4, 4]) -> vec[1] {
    x = max_pool(relu(conv2d(image, 1, 1, bias = false)), 2)
    x = max_pool(relu(conv2d(x, 1, 1, bias = false)), 2)
    return flatten(conv2d(x, 1, 1, bias = false))
}
