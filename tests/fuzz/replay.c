/*
 * Runs a fuzz target without libFuzzer: on the files that are named, or on random bytes:
 *     fuzz_NAME [FILE...]
 */
#include "isa/support/random.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SIZE_MAX_BYTES = 1 << 20, RANDOM_BYTES = 160 };

#if defined(__SANITIZE_ADDRESS__)
enum { RANDOM_INPUTS = 30 };
#else
enum { RANDOM_INPUTS = 300 };
#endif

static int run_file(const char *name)
{
    FILE *file = fopen(name, "rb");
    uint8_t *data = malloc(SIZE_MAX_BYTES);
    if (!file || !data) {
        perror(name);
        return 1;
    }
    size_t size = fread(data, 1, SIZE_MAX_BYTES, file);
    fclose(file);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    return 0;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (run_file(argv[i]))
            return 1;
    for (uint64_t seed = 1; argc < 2 && seed <= RANDOM_INPUTS; seed++) {
        random_state r = random_from(seed, 1);
        uint8_t data[RANDOM_BYTES];
        size_t size = random_below(&r, RANDOM_BYTES + 1);
        for (size_t k = 0; k < size; k++)
            data[k] = (uint8_t)random_next(&r);
        LLVMFuzzerTestOneInput(data, size);
    }
    if (argc < 2)
        printf("%d random inputs, seeds from 1\n", RANDOM_INPUTS);
    return 0;
}
