network small(image: map[1, 8, 8] q14) -> vec[10] q8 {
    x: map[8, 8, 8] q12 = relu(conv2d(image, 8, 3, padding = 1, name = "edge"))
    h: q11 = relu(dense(flatten(max_pool(x, 2)), 32))
    return dense(h, 10)
}
deploy { place small { layer "edge" { weight = q28; error = q15 } } }
