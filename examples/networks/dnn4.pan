include "dnn.pan"
network dnn4(image: map[3, 224, 224]) -> vec[100] {
    return dnn(image, 7, [[16, 1], [48, 5], [64, 5], [64, 5]])
}
