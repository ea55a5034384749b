/* What the kernels are compared with. */
#include "tests/benchmarks/bench.h"

#include "emulator/crossbar/processor.h"

#include <string.h>

#ifdef BENCH_OPENBLAS
#include <cblas.h>
#endif

void bench_words(random_state *r, int16_t *v, int n)
{
    for (int i = 0; i < n; i++)
        v[i] = (int16_t)((int)random_below(r, 65535) - 32767);
}

#if defined(__x86_64__)

typedef struct tile_shapes {
    uint8_t palette, start, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} tile_shapes;

enum { PEAK_TILES = 1024 };

/* Independent products of full tiles, without any loads. */
static void peak(void *state)
{
    tile_shapes shapes = {.palette = 1};
    for (int t = 0; t < 8; t++) {
        shapes.rows[t] = 16;
        shapes.row_bytes[t] = 64;
    }
    (void)state;
    __asm__ volatile("ldtilecfg %0" ::"m"(shapes) : "memory");
    for (int k = 0; k < PEAK_TILES; k += 4)
        __asm__ volatile("tdpbssd %%tmm6, %%tmm4, %%tmm0\n\t"
                         "tdpbssd %%tmm6, %%tmm4, %%tmm1\n\t"
                         "tdpbssd %%tmm6, %%tmm4, %%tmm2\n\t"
                         "tdpbssd %%tmm6, %%tmm4, %%tmm3" ::: "memory");
    __asm__ volatile("tilerelease" ::: "memory");
}

void bench_add_peak(bench *b)
{
    if (processor_has_amx())
        bench_add(b, (bench_case){.name = "amx.peak", .meaning = "one 16 x 64 x 16 tile product",
                                  .run = peak, .work = PEAK_TILES, .tiles = 1});
}

#else

void bench_add_peak(bench *b)
{
    (void)b;
}

#endif

#ifdef BENCH_OPENBLAS

typedef struct blas_state {
    float *a, *x, *y;
    int vectors;
} blas_state;

static void sgemv(void *state)
{
    blas_state *s = state;
    cblas_sgemv(CblasRowMajor, CblasTrans, SIDE, SIDE, 1, s->a, SIDE, s->x, 1, 0, s->y, 1);
}

static void sgemm(void *state)
{
    blas_state *s = state;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, s->vectors, SIDE, SIDE, 1, s->x, SIDE,
                s->a, SIDE, 0, s->y, SIDE);
}

static void sger(void *state)
{
    blas_state *s = state;
    cblas_sger(CblasRowMajor, SIDE, SIDE, 1e-6F, s->x, 1, s->y, 1, s->a, SIDE);
}

static blas_state *blas(bench *b, int vectors)
{
    blas_state *s = ARENA_NEW(b->memory, blas_state);
    random_state r = random_from(1, 1);
    *s = (blas_state){ARENA_ARRAY(b->memory, float, SIDE * SIDE),
                      ARENA_ARRAY(b->memory, float, VECTORS * SIDE),
                      ARENA_ARRAY(b->memory, float, VECTORS * SIDE), vectors};
    for (int k = 0; k < SIDE * SIDE; k++)
        s->a[k] = (float)random_unit(&r) - 0.5F;
    for (int k = 0; k < VECTORS * SIDE; k++)
        s->x[k] = s->y[k] = (float)random_unit(&r) - 0.5F;
    return s;
}

void bench_add_blas(bench *b)
{
    openblas_set_num_threads(1);
    bench_add(b, (bench_case){.name = "blas.sgemv", .meaning = "float matrix times vector",
                              .run = sgemv, .state = blas(b, 1), .work = 1});
    bench_add(b, (bench_case){.name = "blas.sgemm16", .meaning = "16 vectors, each",
                              .run = sgemm, .state = blas(b, 16), .work = 16});
    bench_add(b, (bench_case){.name = "blas.sgemm64", .meaning = "64 vectors, each",
                              .run = sgemm, .state = blas(b, 64), .work = 64});
    bench_add(b, (bench_case){.name = "blas.sger", .meaning = "float outer product, added",
                              .run = sger, .state = blas(b, 1), .work = 1});
}

const char *bench_blas_core(void)
{
    return openblas_get_corename();
}

#else

void bench_add_blas(bench *b)
{
    (void)b;
}

const char *bench_blas_core(void)
{
    return NULL;
}

#endif

typedef struct plain_state {
    slicing format;
    int16_t *digits, *row, *col;
    int64_t *w, *y;
} plain_state;

static void sliced(void *state)
{
    plain_state *s = state;
    plain_sliced_mvm(&s->format, s->digits, s->row, s->y);
}

static void exact(void *state)
{
    plain_state *s = state;
    plain_exact_mvm(s->w, s->row, s->y);
}

static void opa(void *state)
{
    plain_state *s = state;
    plain_opa(&s->format, s->digits, s->row, s->col);
}

static plain_state *plain(bench *b)
{
    plain_state *s = ARENA_NEW(b->memory, plain_state);
    random_state r = random_from(1, 2);
    s->format = (slicing){.slices = 8, .radix_bits = 4, .bits = {5, 5, 5, 6, 6, 4, 4, 4},
                          .adc_extra_bits = 6, .rows = SIDE, .columns = SIDE};
    s->digits = ARENA_ARRAY(b->memory, int16_t, 8 * SIDE * SIDE);
    s->row = ARENA_ARRAY(b->memory, int16_t, SIDE);
    s->col = ARENA_ARRAY(b->memory, int16_t, SIDE);
    s->w = ARENA_ARRAY(b->memory, int64_t, SIDE * SIDE);
    s->y = ARENA_ARRAY(b->memory, int64_t, SIDE);
    for (int k = 0; k < 8 * SIDE * SIDE; k++)
        s->digits[k] = (int16_t)((int)random_below(&r, 16) - 8);
    for (int k = 0; k < SIDE * SIDE; k++)
        s->w[k] = (int64_t)random_below(&r, 1U << 30);
    bench_words(&r, s->row, SIDE);
    bench_words(&r, s->col, SIDE);
    return s;
}

void bench_add_plain(bench *b)
{
    bench_add(b, (bench_case){.name = "plain.sliced", .meaning = "product through the converters",
                              .run = sliced, .state = plain(b), .work = 1});
    bench_add(b, (bench_case){.name = "plain.exact", .meaning = "integer product",
                              .run = exact, .state = plain(b), .work = 1});
    bench_add(b, (bench_case){.name = "plain.opa", .meaning = "saturating outer product",
                              .run = opa, .state = plain(b), .work = 1});
}
