include "msra.pan"                             # model C
network msra_3(image: map[3, 224, 224]) -> vec[1000] { return msra(image, 6, [384, 768, 896]) }
