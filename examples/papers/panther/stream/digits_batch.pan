# examples/mlp_digits.pan in mini-batches of 64, for the modes that add one update per batch. The paper
# counts carry resolution in examples: 1,024 steps are 16 batches.
data digits {
    train = csv("../../../data/digits.csv.gz", label = 64);  test = 0.2
    scale = 1/8
}

network mlp(image: vec[64]) -> vec[10] {
    h = relu(dense(image, 64))
    return dense(h, 10)
}

train mlp on digits {
    loss  = cross_entropy;  update = sgd(rate = 0.2)
    batch = 64;  epochs = 100
    every 16 batches { crs() }
    every epoch { test() }
}

deploy {
    machine  = "../../../machines/panther.yaml"
    opa_mode = "batch"
}
