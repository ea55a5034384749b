# The shallow networks of the multi-tenant paper (its Table I): stages of equal convolutions with a
# pool behind each; the dense layers are those of its first columns.
def dnn(image, kernel, stages) {
    x = image
    first = kernel
    for channels, depth in stages {
        for i in range(depth) {
            x = relu(conv2d(x, channels, first, padding = first // 2, bias = false))
        }
        first = 3
        x = max_pool(x, 2)
    }
    x = flatten(x)
    for n in [512, 512] { x = relu(dense(x, n, bias = false)) }
    return dense(x, 100, bias = false)
}
