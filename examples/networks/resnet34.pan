include "resnet.pan"
network resnet34(image: map[3, 224, 224]) -> vec[1000] {
    return dense(global_avg_pool(trunk(image, [3, 4, 6, 3])), 1000, bias = false)
}
