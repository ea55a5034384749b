include "resnet.pan"
network resnet18(image: map[3, 224, 224]) -> vec[1000] {
    return dense(global_avg_pool(trunk(image, [2, 2, 2, 2])), 1000, bias = false)
}
