# expect: photos gives 3072 elements, 'image' takes map[3, 16, 16] = 768
data photos { train = cifar10("a.bin") }
network f(image: map[3, 16, 16]) -> vec[10] { return dense(flatten(image), 10) }
train f on photos { loss = cross_entropy; update = sgd(0.1); batch = 4; epochs = 1 }
