# The shipped 8x8 digits read row by row: an LSTM sees one row of 8 pixels at each of 8 steps, and the
# digit is told from its last state. One matrix holds the weights of row, state and bias; each step
# forward is one product with it, each step back one transposed product, and the outer products of
# all steps and examples add up in it before the batch ends.
data digits {
    train = csv("data/digits.csv.gz", label = 64);  test = 0.2
    scale = 1/8                                # pixels are 0 to 16
}

network rows(image: seq[8, vec[8]]) -> vec[10] {
    return dense(last(lstm(image, 32)), 10)
}

train rows on digits {
    loss  = cross_entropy;  update = sgd(rate = step_decay(1, milestones = [8]))
    batch = 16;  epochs = 12
    every 16 batches { crs() }
    every 4 epochs   { test() }
}

deploy {
    machine  = "machines/panther.yaml"
    opa_mode = "batch"
}
