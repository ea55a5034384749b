include "data.pan"
network mlp(image: vec[784]) -> vec[10] {
    h = relu(dense(image, 128))
    return dense(h, 10)
}
train mlp on digits {
    loss = cross_entropy;  update = sgd(rate = 0.05);  batch = 16;  epochs = 3
    every 64 batches { crs() }
    every epoch { test(); save("mlp-{epoch}.safetensors") }
}
