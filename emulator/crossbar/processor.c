/* arch_prctl is a call of Linux; elsewhere there is no AMX. */
#include "emulator/crossbar/processor.h"

#if PROCESSOR_X86_64

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

bool processor_has_avx2(void)
{
    return __builtin_cpu_supports("avx2");
}

bool processor_has_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vnni");
}

/* XCR0: the states that the operating system saves. Needs OSXSAVE, which AVX-512 implies. */
static unsigned saved_states(void)
{
    unsigned low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

static bool tile_permission(void)
{
#if defined(__linux__) && defined(SYS_arch_prctl)
    enum { ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18 };
    return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
#else
    return false;
#endif
}

bool processor_has_amx(void)
{
    enum { AMX_TILE = 1 << 24, AMX_INT8 = 1 << 25, TILE_STATES = 3 << 17 };
    unsigned a, b, c, d;
    if (!processor_has_avx512() || !__get_cpuid_count(7, 0, &a, &b, &c, &d))
        return false;
    return (d & AMX_TILE) && (d & AMX_INT8) && (saved_states() & TILE_STATES) == TILE_STATES &&
           tile_permission();
}

#else

bool processor_has_avx2(void)
{
    return false;
}

bool processor_has_avx512(void)
{
    return false;
}

bool processor_has_amx(void)
{
    return false;
}

#endif
