include "dnn.pan"
network dnn3(image: map[3, 224, 224]) -> vec[100] {
    return dnn(image, 7, [[16, 1], [48, 2], [64, 2]])
}
