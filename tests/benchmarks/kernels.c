/* The operations of every kernel, on one crossbar of 128 x 128 cells in the slices 44466555. */
#include "tests/benchmarks/bench.h"

#include <string.h>

typedef struct subject {
    crossbar *x;
    int16_t *in, *in2;
    int64_t *out;
    int count;
    bool transposed;
} subject;

static const slicing format = {.slices = 8, .radix_bits = 4, .bits = {5, 5, 5, 6, 6, 4, 4, 4},
                               .adc_extra_bits = 6, .rows = SIDE, .columns = SIDE};

/* Digits over their whole range: no block of columns can be certified. */
static void fill_extreme(random_state *r, crossbar *x)
{
    enum { CELLS = SIDE * SIDE };
    static const int slices = 8;
    int16_t *digits = ARENA_ARRAY(arena_new(), int16_t, (size_t)slices * CELLS);
    for (int k = 0; k < slices * CELLS; k++) {
        int s = k / CELLS, low = slice_low(&format, s);
        digits[k] = (int16_t)(low + (int)random_below(r, (uint64_t)(-2 * low)));
    }
    crossbar_write_digits(x, digits);
}

/* What training starts from: |w| < 1 / sqrt(128), 26 fraction bits, in canonical digits. */
static void fill_trained(random_state *r, crossbar *x)
{
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++)
            crossbar_write(x, i, j, (int64_t)random_below(r, 11863283) - 5931641);
}

static subject *new_subject(bench *b, const crossbar_kernel *kernel, fidelity how, opa_mode mode,
                            bool trained, int count)
{
    subject *s = ARENA_NEW(b->memory, subject);
    random_state r = random_from(1, 3);
    s->x = crossbar_new(b->memory, kernel, &format, how, mode, SIDE, SIDE);
    (trained ? fill_trained : fill_extreme)(&r, s->x);
    s->in = ARENA_ARRAY(b->memory, int16_t, VECTORS * SIDE);
    s->in2 = ARENA_ARRAY(b->memory, int16_t, VECTORS * SIDE);
    s->out = ARENA_ARRAY(b->memory, int64_t, VECTORS * SIDE);
    bench_words(&r, s->in, VECTORS * SIDE);
    bench_words(&r, s->in2, VECTORS * SIDE);
    s->count = count;
    return s;
}

static void run_product(void *state)
{
    subject *s = state;
    (s->transposed ? crossbar_mtvm_many : crossbar_mvm_many)(s->x, s->in, s->count, s->out);
}

/* The first product after the digits changed. */
static void run_fresh_product(void *state)
{
    subject *s = state;
    crossbar_need_narrow(s->x, &s->x->now);
    crossbar_narrow_changed(s->x, &s->x->now);
    run_product(state);
}

/* One example of training: an update with rounded operands, then both products, once. */
static void run_example(void *state)
{
    subject *s = state;
    crossbar_opa(s->x, s->in, s->in2);
    crossbar_commit(s->x);
    crossbar_mvm(s->x, s->in + SIDE, s->out);
    crossbar_mtvm(s->x, s->in2 + SIDE, s->out);
}

static void run_updates(void *state)
{
    subject *s = state;
    for (int n = 0; n < s->count; n++)
        crossbar_opa(s->x, s->in + n * SIDE, s->in2 + n * SIDE);
    crossbar_commit(s->x);
}

static void run_crs(void *state)
{
    subject *s = state;
    crossbar_crs(s->x);
}

static void add(bench *b, const crossbar_kernel *kernel, const char *name, const char *meaning,
                void (*run)(void *), subject *s, const char *plain, const char *blas, double tiles)
{
    bench_add(b, (bench_case){.name = arena_printf(b->memory, "%s.%s", kernel->name, name),
                              .meaning = meaning, .run = run, .state = s, .work = s->count,
                              .plain = plain, .blas = blas, .tiles = tiles});
}

static subject *transposed(subject *s)
{
    s->transposed = true;
    return s;
}

/* Operands as the default update rounding leaves them: few levels, many zeros. */
static subject *rounded(subject *s)
{
    for (int k = 0; k < VECTORS * SIDE; k++) {
        s->in[k] = (int16_t)(s->in[k] / 8192 * 512);
        s->in2[k] = (int16_t)(s->in2[k] / 12000 * 128);
    }
    return s;
}

static void add_products(bench *b, const crossbar_kernel *k)
{
    /* 15 bits x 8 slices, 16384 cells: 128 tile products of which 15/16 are used. */
    add(b, k, "mvm.sliced", "through the converters", run_product,
        new_subject(b, k, FIDELITY_ADC, OPA_STREAM, false, 1), "plain.sliced", "blas.sgemv", 128);
    add(b, k, "mvm.sliced16", "the same, 16 vectors at once", run_product,
        new_subject(b, k, FIDELITY_ADC, OPA_STREAM, false, 16), "plain.sliced", "blas.sgemm64",
        128);
    add(b, k, "mtvm.sliced", "through the converters", run_product,
        transposed(new_subject(b, k, FIDELITY_ADC, OPA_STREAM, false, 1)), "plain.sliced",
        "blas.sgemv", 128);
    add(b, k, "mvm.exact", "collapsed", run_product,
        new_subject(b, k, FIDELITY_IDEAL, OPA_STREAM, true, 1), "plain.exact", "blas.sgemv", 0);
    add(b, k, "mvm.exact16", "collapsed, 16 vectors at once", run_product,
        new_subject(b, k, FIDELITY_IDEAL, OPA_STREAM, true, 16), "plain.exact", "blas.sgemm64", 0);
    add(b, k, "mvm.wide16", "the same, weights of all 32 bits", run_product,
        new_subject(b, k, FIDELITY_IDEAL, OPA_STREAM, false, 16), "plain.exact", "blas.sgemm64",
        8);
    add(b, k, "mtvm.exact16", "the same, transposed", run_product,
        transposed(new_subject(b, k, FIDELITY_IDEAL, OPA_STREAM, true, 16)), "plain.exact",
        "blas.sgemm64", 0);
    add(b, k, "mvm.adc", "certified", run_product,
        new_subject(b, k, FIDELITY_ADC, OPA_STREAM, true, 1), "plain.sliced", "blas.sgemv", 0);
    add(b, k, "mvm.adc16", "certified, 16 vectors at once", run_product,
        new_subject(b, k, FIDELITY_ADC, OPA_STREAM, true, 16), "plain.sliced", "blas.sgemm64", 0);
    add(b, k, "mvm.fresh", "the first after an update", run_fresh_product,
        new_subject(b, k, FIDELITY_ADC, OPA_STREAM, true, 1), "plain.sliced", "blas.sgemv", 0);
    add(b, k, "mtvm.fresh", "the same, transposed", run_fresh_product,
        transposed(new_subject(b, k, FIDELITY_ADC, OPA_STREAM, true, 1)), "plain.sliced",
        "blas.sgemv", 0);
    add(b, k, "mvm.fresh16", "the first 16 after an update, each", run_fresh_product,
        new_subject(b, k, FIDELITY_ADC, OPA_STREAM, true, 16), "plain.sliced", "blas.sgemm64", 0);
}

static void add_updates(bench *b, const crossbar_kernel *k)
{
    add(b, k, "opa", "one per commit", run_updates,
        new_subject(b, k, FIDELITY_ADC, OPA_STREAM, false, 1), "plain.opa", "blas.sger", 0);
    add(b, k, "opa16", "16 per commit, each", run_updates,
        new_subject(b, k, FIDELITY_ADC, OPA_STREAM, false, 16), "plain.opa", "blas.sger", 0);
    add(b, k, "opa.rounded", "operands rounded as for training", run_updates,
        rounded(new_subject(b, k, FIDELITY_ADC, OPA_STREAM, true, 1)), "plain.opa", "blas.sger",
        0);
    add(b, k, "opa.digit", "mode digit", run_updates,
        new_subject(b, k, FIDELITY_ADC, OPA_DIGIT, false, 1), "plain.opa", "blas.sger", 0);
    add(b, k, "opa.batch64", "mode batch, 64 per commit, each", run_updates,
        new_subject(b, k, FIDELITY_ADC, OPA_BATCH, false, 64), "plain.opa", "blas.sger", 0);
    add(b, k, "example", "rounded update, MVM and MTVM", run_example,
        rounded(new_subject(b, k, FIDELITY_ADC, OPA_STREAM, true, 1)), NULL, NULL, 0);
    add(b, k, "crs", "carry resolution", run_crs,
        new_subject(b, k, FIDELITY_ADC, OPA_STREAM, true, 1), NULL, NULL, 0);
}

void bench_add_kernels(bench *b)
{
    for (int k = 1; k < crossbar_kernel_count; k++) {
        if (!crossbar_kernels[k]->available())
            continue;
        add_products(b, crossbar_kernels[k]);
        add_updates(b, crossbar_kernels[k]);
    }
}
