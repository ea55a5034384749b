/* The vector kernels as the dispatcher sees them; their functions are in avx2.c and avx512.c. */
#include "emulator/crossbar/simd_kernels.h"

#include "emulator/crossbar/processor.h"

#if PROCESSOR_X86_64

const crossbar_kernel crossbar_avx2 = {
    .name = "avx2",
    .meaning = "256-bit vectors",
    .available = processor_has_avx2,
    .product = avx2_product,
    .opa = avx2_opa,
    .accumulate = avx2_accumulate,
    .add = avx2_add,
    .crs = avx2_crs,
};

const crossbar_kernel crossbar_avx512 = {
    .name = "avx512",
    .meaning = "512-bit vectors",
    .available = processor_has_avx512,
    .product = avx512_product,
    .opa = avx512_opa,
    .accumulate = avx512_accumulate,
    .add = avx512_add,
    .crs = avx512_crs,
};

#endif
