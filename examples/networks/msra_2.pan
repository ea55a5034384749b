include "msra.pan"                             # model B
network msra_2(image: map[3, 224, 224]) -> vec[1000] { return msra(image, 6, [256, 512, 512]) }
