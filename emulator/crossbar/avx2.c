/* The kernel for 256-bit vectors. Compiled with AVX2 enabled; empty on other architectures. */
#include "emulator/crossbar/processor.h"

#if PROCESSOR_X86_64

#include "emulator/crossbar/simd_kernels.h"

#include "emulator/crossbar/simd_batch.h"
#include "emulator/crossbar/simd_cells.h"
#include "emulator/crossbar/simd_opa.h"
#include "emulator/crossbar/simd_product.h"

#endif
