include "dnn.pan"
network dnn1(image: map[3, 224, 224]) -> vec[100] {
    return dnn(image, 3, [[64, 1], [128, 1], [256, 2], [512, 2], [512, 2]])
}
