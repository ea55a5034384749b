/* What the processor and the operating system grant at run time. */
#ifndef PANTHER_EMULATOR_CROSSBAR_PROCESSOR_H
#define PANTHER_EMULATOR_CROSSBAR_PROCESSOR_H

#include <stdbool.h>

/* Whether this build has the kernels for x86-64 (CMake's PANTHER_PORTABLE leaves them out). */
#if defined(__x86_64__) && !defined(PANTHER_PORTABLE)
#define PROCESSOR_X86_64 1
#else
#define PROCESSOR_X86_64 0
#endif

bool processor_has_avx2(void);
bool processor_has_avx512(void); /* F, BW, DQ, VL, VBMI and VNNI */

/*
 * AMX tiles of 8-bit integers. The first call of a process asks the kernel for permission to use
 * them; threads started later inherit it.
 */
bool processor_has_amx(void);

#endif
