network lenet5(image: map[1, 28, 28]) -> vec[10] {
    x = max_pool(relu(conv2d(image, 6, kernel = 5, padding = 2)), 2)
    x = max_pool(relu(conv2d(x, 16, kernel = 5)), 2)
    x = relu(dense(flatten(x), 120))
    x = relu(dense(x, 84))
    return dense(x, 10)
}
