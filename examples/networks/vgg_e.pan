include "vgg.pan"                              # VGG-E: 19 weight layers
network vgg_e(image: map[3, 224, 224]) -> vec[1000] { return vgg(image, [2, 2, 4, 4, 4]) }
