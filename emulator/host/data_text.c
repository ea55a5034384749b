/*
 * Text: the bytes of a file, cut into windows that follow each other. Every distinct byte is a class, in
 * their order; the target of a window is the same one step on.
 */
#include "emulator/host/data_read.h"

#include <string.h>

static void find_symbols(data_set *set, size_t length)
{
    memset(set->symbol_of, -1, sizeof set->symbol_of);
    for (size_t i = 0; i < length; i++)
        set->symbol_of[set->bytes[i]] = 0;
    for (int byte = 0; byte < 256; byte++)
        if (set->symbol_of[byte] == 0)
            set->symbol_of[byte] = (int16_t)set->symbols++;
}

bool data_load_text(data_set *set, diag *d, const plan_source *source, const char *const *paths)
{
    size_t length = 0;
    data_begin_file(set, paths[0]);
    set->bytes = data_read_file(d, paths[0], &length);
    if (!set->bytes)
        return false;
    set->text = true;
    set->elements = (size_t)source->window;
    set->count = length ? (length - 1) / set->elements : 0;
    if (!set->count) {
        diag_file_error(d, paths[0], "its %zu bytes are no window of %zu and one more", length,
                        set->elements);
        return false;
    }
    find_symbols(set, length);
    return true;
}

bool data_take_symbols(data_set *set, diag *d, const data_set *train)
{
    for (int byte = 0; byte < 256; byte++)
        if (set->symbol_of[byte] >= 0 && train->symbol_of[byte] < 0) {
            diag_file_error(d, set->files[0].path, "it has the byte %d, which %s has not", byte,
                            train->files[0].path);
            return false;
        }
    set->symbols = train->symbols;
    memcpy(set->symbol_of, train->symbol_of, sizeof set->symbol_of);
    return true;
}
