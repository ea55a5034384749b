#include "isa/support/fixed.h"
#include "isa/support/random.h"
#include "tests/unit/ir_fixture.h"

#include <math.h>

/* Products and updates of matrices in both interpreters. */

enum { INPUTS = 45, OUTPUTS = 21, POINTS = 3, STEPS = 2 };

#define NUMERICS                                                                                   \
    "numerics {slices = [4 4 4 6 6 5 5 5], radix_bits = 4, adc_extra_bits = 9, rows = 16, "        \
    "columns = 8, mode = %s, rounding = off, round_row = 0, round_column = 0, q_activation = 9, "  \
    "q_weight = 26, q_error = 14}\n"                                                               \
    "matrix @w {outputs = 21, inputs = 45, q = 26, frozen = 0} {\n}\n"

static const char *const modes[] = {"stream", "digit", "batch", "ideal"};

static const char *const products =
    "graph @products (n: 3) {\n"
    "  %1 = input {port = 0} : vec<44 q9> [n]\n  %2 = const {value = 1} : vec<1 q9> []\n"
    "  %3 = mvm %1, %2 {matrix = @w} : vec<21 q10> [n]\n"
    "  %4 = input {port = 1} : vec<21 q14> [n]\n"
    "  %5 = mtvm %4 {matrix = @w} : vec<45 q12> [n]\n"
    "  %6 = slice %1 {first = 16} : vec<16 q9> [n]\n"
    "  %7 = mvm %6 {matrix = @w, block = (1, 2)} : vec<5 q10> [n]\n"
    "  %8 = slice %4 {first = 8} : vec<8 q14> [n]\n"
    "  %9 = mtvm %8 {matrix = @w, block = (2, 1)} : vec<13 q12> [n]\n}\n";

static const char *const update =
    "graph @update (n: 3, t: 2) {\n"
    "  %1 = input {port = 0} : vec<44 q9> [n]\n  %2 = const {value = 1} : vec<1 q9> []\n"
    "  %3 = input {port = 1} : vec<21 q17> [n]\n"
    "  %4 = opa %3, %1, %2 {matrix = @w, ncol = 1} [n]\n"
    "  %5 = input {port = 2} : vec<21 q17> [n, t]\n"
    "  %6 = opa %5, %1, %2 {matrix = @w, ncol = 1} [n, t]\n}\n";

typedef struct setting {
    fixture f;
    ir_module *m;
    const ir_matrix *w;
    ir_fixed *fixed;
    ir_float *real;
    int64_t weights[INPUTS][OUTPUTS];
    int16_t x[POINTS][INPUTS - 1], e[POINTS][OUTPUTS], d[POINTS][STEPS][OUTPUTS];
} setting;

static int16_t between(random_state *r, int limit)
{
    return (int16_t)((int)random_below(r, (uint64_t)(2 * limit + 1)) - limit);
}

static void open_setting(setting *s, random_state *r, const char *mode, int limit)
{
    fixture_open(&s->f, &paper_numerics);
    s->m = read_sound(&s->f, arena_printf(s->f.memory, NUMERICS "%s%s", mode, products, update));
    s->w = s->m->matrices[0];
    s->fixed = ir_fixed_new(s->f.memory, s->m, FIDELITY_ADC, 1);
    s->real = ir_float_new(s->f.memory, s->m, 1);
    for (int i = 0; i < INPUTS; i++)
        for (int j = 0; j < OUTPUTS; j++) {
            s->weights[i][j] = (int64_t)random_below(r, 1 << 27) - (1 << 26);
            ir_float_weights(s->real, s->w)[i * OUTPUTS + j] = ldexp((double)s->weights[i][j], -26);
        }
    ir_fixed_write(s->fixed, s->w, s->weights[0]);
    for (int p = 0; p < POINTS; p++) {
        for (int i = 0; i < INPUTS - 1; i++)
            s->x[p][i] = between(r, limit);
        for (int j = 0; j < OUTPUTS; j++)
            s->e[p][j] = between(r, limit);
        for (int k = 0; k < STEPS * OUTPUTS; k++)
            s->d[p][k / OUTPUTS][k % OUTPUTS] = between(r, limit);
    }
}

static void run_fixed(setting *s, int graph)
{
    const int16_t *inputs[] = {s->x[0], s->e[0], s->d[0][0]};
    ir_fixed_run(s->fixed, s->m->graphs[graph], 0, inputs, NULL);
}

static void to_real(const int16_t *from, size_t n, int q, double *to)
{
    for (size_t i = 0; i < n; i++)
        to[i] = fixed_to_double(from[i], q);
}

static void run_float(setting *s, int graph)
{
    double x[POINTS * (INPUTS - 1)], e[POINTS * OUTPUTS], d[POINTS * STEPS * OUTPUTS];
    const double *inputs[] = {x, e, d};
    to_real(s->x[0], POINTS * (INPUTS - 1), 9, x);
    to_real(s->e[0], POINTS * OUTPUTS, graph ? 17 : 14, e);
    to_real(s->d[0][0], POINTS * STEPS * OUTPUTS, 17, d);
    ir_float_run(s->real, s->m->graphs[graph], 0, inputs, NULL);
}

static const ir_op *op_number(const setting *s, int graph, uint32_t id)
{
    const ir_op *op = s->m->graphs[graph]->first;
    while (op->id != id)
        op = op->next;
    return op;
}

/* Neighbours in pairs, again and again. */
static int tree(const int *parts, int n)
{
    int level[16];
    memcpy(level, parts, (size_t)n * sizeof *parts);
    for (; n > 1; n = (n + 1) / 2)
        for (int k = 0; k < (n + 1) / 2; k++)
            level[k] =
                2 * k + 1 < n ? fixed_saturate(level[2 * k] + level[2 * k + 1]) : level[2 * k];
    return level[0];
}

static int rounded(long double v)
{
    return fixed_saturate((int64_t)roundl(v));
}

/* Operand of point p as integers, with the constant 1 at its end. */
static int operand(const setting *s, int p, int i)
{
    return i < INPUTS - 1 ? s->x[p][i] : 512;
}

static void check_mvm(const setting *s, const int16_t *y, const int16_t *part)
{
    for (int p = 0; p < POINTS; p++)
        for (int j = 0; j < OUTPUTS; j++) {
            int parts[3];
            for (int b = 0; b < 3; b++) {
                long double sum = 0;
                for (int i = 16 * b; i < 16 * (b + 1) && i < INPUTS; i++)
                    sum += (long double)s->weights[i][j] * operand(s, p, i);
                parts[b] = rounded(ldexpl(sum, 10 - 26 - 9));
            }
            assert_int_equal(y[p * OUTPUTS + j], tree(parts, 3));
            if (j >= 16)
                assert_int_equal(part[p * 5 + j - 16], parts[1]);
        }
}

static void check_mtvm(const setting *s, const int16_t *y, const int16_t *part)
{
    for (int p = 0; p < POINTS; p++)
        for (int i = 0; i < INPUTS; i++) {
            int parts[3];
            for (int b = 0; b < 3; b++) {
                long double sum = 0;
                for (int j = 8 * b; j < 8 * (b + 1) && j < OUTPUTS; j++)
                    sum += (long double)s->weights[i][j] * s->e[p][j];
                parts[b] = rounded(ldexpl(sum, 12 - 26 - 14));
            }
            assert_int_equal(y[p * INPUTS + i], tree(parts, 3));
            if (i >= 32)
                assert_int_equal(part[p * 13 + i - 32], parts[1]);
        }
}

static void test_products(void **state)
{
    static const int limits[] = {200, 3000, 32767};
    random_state r = random_from(test_seed(), 1);
    (void)state;
    for (int n = 0; n < 30; n++) {
        setting s;
        open_setting(&s, &r, "stream", limits[n % 3]);
        run_fixed(&s, 0);
        check_mvm(&s, ir_fixed_value(s.fixed, op_number(&s, 0, 3)),
                  ir_fixed_value(s.fixed, op_number(&s, 0, 7)));
        check_mtvm(&s, ir_fixed_value(s.fixed, op_number(&s, 0, 5)),
                   ir_fixed_value(s.fixed, op_number(&s, 0, 9)));
        fixture_close(&s.f);
    }
}

/* Where nothing saturates the two interpreters differ by the rounding of three parts. */
static void test_float_and_fixed_products(void **state)
{
    static const uint32_t ids[] = {3, 5, 7, 9};
    random_state r = random_from(test_seed(), 2);
    (void)state;
    for (int n = 0; n < 10; n++) {
        setting s;
        open_setting(&s, &r, "stream", 200);
        run_fixed(&s, 0);
        run_float(&s, 0);
        for (int k = 0; k < 4; k++) {
            const ir_op *op = op_number(&s, 0, ids[k]);
            const int16_t *fixed = ir_fixed_value(s.fixed, op);
            const double *real = ir_float_value(s.real, op);
            for (uint32_t i = 0; i < POINTS * op->type.lanes; i++)
                assert_true(fabs(ldexp(real[i], op->type.q) - fixed[i]) <= 1.5 + 1e-6);
        }
        fixture_close(&s.f);
    }
}

/* ---- updates ---- */

static const opa_mode mode_of[] = {OPA_STREAM, OPA_DIGIT, OPA_BATCH, OPA_IDEAL};

/*
 * One block's digits by the definition: example by example, and within it the op over [n] at t = 0
 * before the op over [n, t], as they stand in the program.
 */
static void update_block(const setting *s, opa_mode mode, const digit_array *d, int input0,
                         int output0)
{
    int64_t *sums = ARENA_ARRAY(s->f.memory, int64_t, (size_t)(d->rows * d->columns));
    for (int p = 0; p < POINTS; p++)
        for (int k = 0; k <= STEPS; k++) { /* k = 0: the first op; k: the second one at t = k - 1 */
            int16_t row[16];
            const int16_t *col = (k == 0 ? s->e[p] : s->d[p][k - 1]) + output0;
            for (int i = 0; i < d->rows; i++)
                row[i] = (int16_t)operand(s, p, input0 + i);
            for (int i = 0; i < d->rows * d->columns; i++)
                sums[i] += row[i / d->columns] * col[i % d->columns];
            if (mode != OPA_BATCH)
                sliced_opa(d, mode, row, col, NULL);
        }
    if (mode == OPA_BATCH)
        sliced_add(d, mode, sums, NULL);
}

static void check_block(const setting *s, opa_mode mode, uint32_t block_row, uint32_t block_column)
{
    ir_block part = ir_matrix_block(s->m, s->w, block_row, block_column);
    size_t cells = 8u * part.inputs * part.outputs;
    digit_array d = {&s->m->numerics.slices, (int)part.inputs, (int)part.outputs,
                     ARENA_ARRAY(s->f.memory, int16_t, cells)};
    for (uint32_t i = 0; i < part.inputs; i++)
        for (uint32_t j = 0; j < part.outputs; j++)
            sliced_write(&d, (int)i, (int)j, s->weights[part.input0 + i][part.output0 + j], mode);
    update_block(s, mode, &d, (int)part.input0, (int)part.output0);
    assert_memory_equal(d.at, ir_fixed_digits(s->fixed, s->w, block_row, block_column),
                        cells * sizeof(int16_t));
}

static void test_updates(void **state)
{
    random_state r = random_from(test_seed(), 3);
    (void)state;
    for (int n = 0; n < 20; n++) {
        setting s;
        open_setting(&s, &r, modes[n % 4], n < 12 ? 32767 : 600);
        run_fixed(&s, 1);
        for (uint32_t block = 0; block < 9; block++)
            check_block(&s, mode_of[n % 4], block / 3, block % 3);
        fixture_close(&s.f);
    }
}

/* Without clipping an update is exact: float and fixed weights agree to the last bit of the grid. */
static void test_float_and_fixed_updates(void **state)
{
    random_state r = random_from(test_seed(), 4);
    (void)state;
    setting s;
    static int64_t after[INPUTS][OUTPUTS];
    open_setting(&s, &r, "ideal", 32767);
    run_fixed(&s, 1);
    run_float(&s, 1);
    ir_fixed_read(s.fixed, s.w, after[0]);
    for (int i = 0; i < INPUTS; i++)
        for (int j = 0; j < OUTPUTS; j++) {
            int64_t sum = s.weights[i][j];
            for (int p = 0; p < POINTS; p++)
                sum += (int64_t)operand(&s, p, i) * (s.e[p][j] + s.d[p][0][j] + s.d[p][1][j]);
            assert_int_equal(after[i][j], sum);
            assert_true(ldexp(ir_float_weights(s.real, s.w)[i * OUTPUTS + j], 26) == (double)sum);
        }
    fixture_close(&s.f);
}

/* Graphs share the matrices, and products after an update see it. */
static void test_graphs_share_weights(void **state)
{
    random_state r = random_from(test_seed(), 5);
    (void)state;
    setting s;
    open_setting(&s, &r, "batch", 900);
    run_fixed(&s, 0);
    run_fixed(&s, 1);
    ir_fixed_read(s.fixed, s.w, s.weights[0]);
    run_fixed(&s, 0);
    check_mvm(&s, ir_fixed_value(s.fixed, op_number(&s, 0, 3)),
              ir_fixed_value(s.fixed, op_number(&s, 0, 7)));
    assert_null(ir_fixed_value(s.fixed, op_number(&s, 1, 1))); /* of the run before */
    fixture_close(&s.f);
}

static void test_crs(void **state)
{
    random_state r = random_from(test_seed(), 6);
    (void)state;
    setting s;
    static int64_t before[INPUTS][OUTPUTS], after[INPUTS][OUTPUTS];
    int excess = 0;
    open_setting(&s, &r, "stream", 900);
    run_fixed(&s, 1);
    ir_fixed_read(s.fixed, s.w, before[0]);
    for (int k = 0; k < 8 * 16 * 8; k++)
        excess += abs(ir_fixed_digits(s.fixed, s.w, 0, 0)[k]) > 8;
    assert_true(excess > 0);
    ir_fixed_crs(s.fixed);
    ir_fixed_read(s.fixed, s.w, after[0]);
    assert_memory_equal(before, after, sizeof before);
    for (int k = 0; k < 8 * 16 * 8; k++)
        assert_in_range(ir_fixed_digits(s.fixed, s.w, 0, 0)[k] + 8, 0, 15);
    assert_null(ir_fixed_digits(s.fixed, s.w, 3, 0));
    fixture_close(&s.f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_products),
        cmocka_unit_test(test_float_and_fixed_products),
        cmocka_unit_test(test_updates),
        cmocka_unit_test(test_float_and_fixed_updates),
        cmocka_unit_test(test_graphs_share_weights),
        cmocka_unit_test(test_crs),
    };
    return cmocka_run_group_tests_name("ir matrix", tests, NULL, NULL);
}
