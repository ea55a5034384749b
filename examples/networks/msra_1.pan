include "msra.pan"                             # model A
network msra_1(image: map[3, 224, 224]) -> vec[1000] { return msra(image, 5, [256, 512, 512]) }
