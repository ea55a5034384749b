# expect: layer "conv_9" matches nothing; layers of vgg are conv2d_1
network vgg(x: map[1, 8, 8]) -> map[2, 8, 8] { return conv2d(x, 2, 1) }
deploy { place vgg { layer "conv_9" { copies = 2 } } }
