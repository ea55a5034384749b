/*
 * Runs a fuzz target without libFuzzer: on the files that are named, on the lines of a file (bytes
 * in hexadecimal digits), or on random bytes:
 *     fuzz_NAME [FILE...]
 *     fuzz_NAME --lines FILE
 */
#include "isa/support/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SIZE_MAX_BYTES = 1 << 20, RANDOM_BYTES = 160, LINE_BYTES = 1024 };

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

static size_t bytes_of(const char *line, uint8_t *data)
{
    size_t size = 0;
    unsigned byte;
    for (; size < LINE_BYTES && sscanf(line, "%2x", &byte) == 1; line += 2)
        data[size++] = (uint8_t)byte;
    return size;
}

static int run_lines(const char *name)
{
    FILE *file = fopen(name, "r");
    char line[2 * LINE_BYTES + 2];
    uint8_t data[LINE_BYTES];
    int lines = 0;
    if (!file) {
        perror(name);
        return 1;
    }
    for (; fgets(line, sizeof line, file); lines++)
        LLVMFuzzerTestOneInput(data, bytes_of(line, data));
    fclose(file);
    printf("%d inputs\n", lines);
    return lines == 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "--lines") == 0)
        return run_lines(argv[2]);
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
