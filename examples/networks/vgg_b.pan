include "vgg.pan"                              # VGG-B: 13 weight layers
network vgg_b(image: map[3, 224, 224]) -> vec[1000] { return vgg(image, [2, 2, 2, 2, 2]) }
