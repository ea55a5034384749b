# MLP-L4 of the PUMA and PANTHER papers, 1024-256-512-512-10 without biases, to time one training
# example with all three matrix operations:
#
#     panther run examples/mlp_l4.pan --timing-only --machine puma_era
#
# There is no data set to it: any file of 1024 bytes per example would do for a run with numbers.
data blocks { train = raw("data/blocks.bin", "data/blocks.labels", size = 1024);  scale = 1/255 }

network mlp_l4(x: vec[1024]) -> vec[10] {
    for n in [256, 512, 512] { x = relu(dense(x, n, bias = false)) }
    return dense(x, 10, bias = false)
}

train mlp_l4 on blocks {
    loss = cross_entropy;  update = sgd(rate = 0.01);  batch = 1;  epochs = 1
}
