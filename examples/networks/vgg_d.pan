include "vgg.pan"                              # VGG-D: 16 weight layers
network vgg_d(image: map[3, 224, 224]) -> vec[1000] { return vgg(image, [2, 2, 3, 3, 3]) }
