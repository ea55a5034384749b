include "resnet.pan"
# ResNet-34 as the mapping paper's Table I counts it: a dense layer of 4096 x 1000 behind the last map
# (the real one has 512 inputs). Pooling to 2 x 4 pixels of 512 channels makes 4096 of them.
network resnet34(image: map[3, 224, 224]) -> vec[1000] {
    return dense(flatten(avg_pool(trunk(image, [3, 4, 6, 3]), [6, 4], stride = 1)), 1000, bias = false)
}
