#include "emulator/observe/bins.h"

#include <string.h>

void bins_clear(bins *b)
{
    memset(b, 0, sizeof *b);
    b->width = BIN_FIRST_WIDTH;
}

void bins_cover(bins *b, uint64_t end)
{
    while (end / BINS > b->width || (end / BINS == b->width && end % BINS)) {
        for (int k = 0; k < BINS / 2; k++)
            b->at[k] = b->at[2 * k] + b->at[2 * k + 1];
        memset(b->at + BINS / 2, 0, BINS / 2 * sizeof *b->at);
        b->width *= 2;
    }
}

void bins_add_cycles(bins *b, uint64_t from, uint64_t to)
{
    bins_cover(b, to);
    while (from < to) {
        uint64_t k = from / b->width, end = (k + 1) * b->width;
        end = end < to ? end : to;
        b->at[k] += end - from;
        from = end;
    }
}

void bins_spread(bins *b, uint64_t from, uint64_t to, uint64_t amount)
{
    to = to > from ? to : from + 1;
    bins_cover(b, to);
    uint64_t cycles = to - from;
    while (from < to) {
        uint64_t k = from / b->width, end = (k + 1) * b->width;
        end = end < to ? end : to;
        uint64_t share = end == to ? amount
                                   : (uint64_t)((double)amount * (double)(end - from) /
                                                (double)cycles);
        b->at[k] += share;
        amount -= share;
        cycles -= end - from;
        from = end;
    }
}
