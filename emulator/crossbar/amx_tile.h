/*
 * The tile unit (AMX, 8-bit integers). Own assembly with memory clobbers: the compiler's intrinsics
 * do not tell it that tiles are loaded from and stored to memory.
 *
 * A product adds to C (rows of A x 16, 32 bits) the rows of A (64 bytes) times B, whose row k holds
 * bytes 4k .. 4k+3 of each of its 16 columns.
 */
#ifndef PANTHER_EMULATOR_CROSSBAR_AMX_TILE_H
#define PANTHER_EMULATOR_CROSSBAR_AMX_TILE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    TILE_BYTES = 1024,
    TILE_ROW = 64,
    TILE_OUTPUTS = 16, /* columns of B and C */
    TILE_INPUTS = 64,  /* bytes of a row of A */
    TILES = 8,
};

typedef struct tile_shapes {
    uint8_t palette, start, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} tile_shapes;

/*
 * All rows have 64 bytes; bit t of `partial`: tile t has only `rows` of them.
 *
 * The shapes stay as they are after a product, and are not set again where they are right: setting
 * them takes 80 ns, and for milliseconds afterwards the unit's loads, stores and products overlap
 * badly with each other (measured on Sapphire Rapids: 1.4 times the time of a sliced product).
 */
static inline void tile_configure(unsigned partial, int rows)
{
    tile_shapes shapes = {.palette = 1}, now;
    for (int t = 0; t < TILES; t++) {
        shapes.rows[t] = (uint8_t)(partial >> t & 1 ? rows : 16);
        shapes.row_bytes[t] = TILE_ROW;
    }
    __asm__ volatile("sttilecfg %0" : "=m"(now) : : "memory");
    if (memcmp(&now, &shapes, sizeof now) != 0)
        __asm__ volatile("ldtilecfg %0" ::"m"(shapes) : "memory");
}

#define TILE_LOAD(tile, from)                                                                      \
    __asm__ volatile("tileloadd (%0,%1,1), %%tmm" #tile ::"r"(from), "r"((size_t)TILE_ROW)         \
                     : "memory")
#define TILE_STORE(tile, to)                                                                       \
    __asm__ volatile("tilestored %%tmm" #tile ", (%0,%1,1)" ::"r"(to), "r"((size_t)TILE_ROW)       \
                     : "memory")
#define TILE_ZERO(tile) __asm__ volatile("tilezero %%tmm" #tile ::: "memory")

/* c += a * b; `signs` is ss, su, us or uu: those of a and of b. */
#define TILE_PRODUCT(signs, c, a, b)                                                               \
    __asm__ volatile("tdpb" #signs "d %%tmm" #b ", %%tmm" #a ", %%tmm" #c ::: "memory")

#endif
