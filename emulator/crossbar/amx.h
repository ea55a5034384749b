/*
 * The kernel for the tile unit. Inputs are the A operand of a product: the bits of one vector (15
 * rows), or the bytes of up to 16 vectors; the crossbar's digits, or the bytes of its collapsed
 * weights, are the B operand, kept ready in the layout of tiles.
 */
#ifndef PANTHER_EMULATOR_CROSSBAR_AMX_H
#define PANTHER_EMULATOR_CROSSBAR_AMX_H

#include "emulator/crossbar/amx_tile.h"
#include "emulator/crossbar/crossbar.h"

enum {
    AMX_PLANES_MAX = 9, /* bytes of a collapsed weight: 56 bits and what digits exceed them */
    AMX_BLOCKS_MAX = CROSSBAR_PAD_MAX / TILE_OUTPUTS,
    AMX_INPUT_BLOCKS_MAX = CROSSBAR_PAD_MAX / TILE_INPUTS,
};

/*
 * One slice of one block of 32 outputs: its tiles, and where its sums go: shifted down by `down`
 * bits and up by `shift`, added to the outputs from `first` on. low: the bits shifted out, of two
 * words.
 */
typedef struct amx_item {
    const int8_t *digits;
    int64_t shift;
    int down, low, first;
} amx_item;

/*
 * The forms of one direction: for digits [slice][block of 16 outputs], for weights [block][plane],
 * each the tiles of all inputs.
 */
typedef struct amx_direction {
    int inputs, outputs;
    int input_blocks, output_blocks;
    uint64_t version;  /* of the digits that all below belongs to */
    int uses;
    bool tiled, certified;
    uint64_t tiled_at[SLICES_MAX], certified_at[SLICES_MAX]; /* crossbar.changed of the slice then */
    int8_t *digits;    /* slice s scaled by 2^scale[s] */
    int8_t *weights;   /* the collapsed slices in bytes; the last plane is signed, the others not */
    int planes;
    bool sliced[SLICES_MAX][CROSSBAR_BLOCKS_MAX]; /* not collapsed: an ADC might clip */
    bool any_collapsed;
    int items;         /* to be sliced: all until the direction is certified */
    amx_item *item;
} amx_direction;

typedef struct amx_state {
    bool usable;           /* the format suits the tiles */
    int bit_scale;         /* bits of inputs count 2^bit_scale */
    int scale[SLICES_MAX]; /* digits 2^scale: in all, a sum of 16 bits is what the ADC takes */
    int8_t *planes;        /* the bytes of the collapsed weights as they lie in the crossbar */
    amx_direction direction[2];
} amx_state;

/* amx_forms.c */
void amx_tile_digits(crossbar *x, amx_state *a, bool transposed);
void amx_certify(const crossbar *x, const amx_state *a, amx_direction *d);
void amx_tile_weights(crossbar *x, amx_state *a, bool transposed);

/* out (one after the other at the padded length) = the collapsed part. */
void amx_collapsed(const amx_direction *d, const int16_t *in, int count, int stride, int64_t *out);

/*
 * out += the direction's items, each sum through its converter. in: padded driver words. Returns the
 * clipped conversions.
 */
uint64_t amx_sliced(const crossbar *x, const amx_state *a, const amx_direction *d, const int16_t *in,
                    int count, int stride, int64_t *out);

#endif
