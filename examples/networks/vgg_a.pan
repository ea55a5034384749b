include "vgg.pan"                              # VGG-A: 11 weight layers
network vgg_a(image: map[3, 224, 224]) -> vec[1000] { return vgg(image, [1, 1, 2, 2, 2]) }
