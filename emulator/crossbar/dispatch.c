#include "emulator/crossbar/crossbar.h"
#include "emulator/crossbar/processor.h"

#include <string.h>

/* Slowest first: without a name the last one that is available is taken. */
const crossbar_kernel *const crossbar_kernels[] = {
    &crossbar_reference,
    &crossbar_scalar,
#if PROCESSOR_X86_64
    &crossbar_avx2,
    &crossbar_avx512,
    &crossbar_amx,
#endif
};
const int crossbar_kernel_count = (int)(sizeof crossbar_kernels / sizeof *crossbar_kernels);

static const char *list_available(arena *memory)
{
    const char *list = "";
    for (int k = 0; k < crossbar_kernel_count; k++)
        if (crossbar_kernels[k]->available())
            list = arena_printf(memory, "%s%s%s", list, *list ? ", " : "",
                                crossbar_kernels[k]->name);
    return list;
}

const crossbar_kernel *crossbar_kernel_find(arena *memory, const char *name, const char **why)
{
    const crossbar_kernel *found = NULL;
    bool named = name && *name, known = false;
    for (int k = 0; k < crossbar_kernel_count; k++) {
        if (named && strcmp(name, crossbar_kernels[k]->name) != 0)
            continue;
        known = true;
        if (crossbar_kernels[k]->available())
            found = crossbar_kernels[k];
    }
    if (!found)
        *why = arena_printf(memory, "crossbar kernel '%s' %s; there is: %s", named ? name : "",
                            known ? "cannot run on this processor" : "is unknown",
                            list_available(memory));
    return found;
}
