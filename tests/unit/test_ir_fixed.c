#include "isa/support/fixed.h"
#include "isa/support/random.h"
#include "tests/unit/ir_fixture.h"

#include <math.h>

/*
 * The fixed-point interpreter op by op, against formulas in real numbers that are rounded to the
 * result's format here: nearest, half away from zero, saturating.
 */

enum { LANES = 37 };

static double real(int v, int q)
{
    return ldexp(v, -q);
}

static int near_to(long double v, int q)
{
    long double scaled = roundl(ldexpl(v, q));
    return scaled > 32767 ? 32767 : scaled < -32767 ? -32767 : (int)scaled;
}

static int to_q(int v, int from, int to)
{
    return near_to(real(v, from), to);
}

/* One element-wise op: values of up to three lanes, their formats, the format of the result. */
typedef struct lane_case {
    int x[3], q[3], result_q;
} lane_case;

static int form_add(const lane_case *c)
{
    int a = to_q(c->x[0], c->q[0], c->result_q), b = to_q(c->x[1], c->q[1], c->result_q);
    return near_to(real(a, c->result_q) + real(b, c->result_q), c->result_q);
}
static int form_sub(const lane_case *c)
{
    int a = to_q(c->x[0], c->q[0], c->result_q), b = to_q(c->x[1], c->q[1], c->result_q);
    return near_to(real(a, c->result_q) - real(b, c->result_q), c->result_q);
}
static int form_mul(const lane_case *c)
{
    return near_to((long double)real(c->x[0], c->q[0]) * real(c->x[1], c->q[1]), c->result_q);
}
static int form_div(const lane_case *c)
{
    if (!c->x[1])
        return c->x[0] > 0 ? 32767 : c->x[0] < 0 ? -32767 : 0;
    return near_to((long double)real(c->x[0], c->q[0]) / real(c->x[1], c->q[1]), c->result_q);
}
static int form_min(const lane_case *c)
{
    int a = to_q(c->x[0], c->q[0], c->result_q), b = to_q(c->x[1], c->q[1], c->result_q);
    return a < b ? a : b;
}
static int form_max(const lane_case *c)
{
    int a = to_q(c->x[0], c->q[0], c->result_q), b = to_q(c->x[1], c->q[1], c->result_q);
    return a > b ? a : b;
}
static int form_relud(const lane_case *c)
{
    return c->x[1] > 0 ? to_q(c->x[0], c->q[0], c->result_q) : 0;
}

/* Comparisons: in the smaller of the two formats. */
static int difference(const lane_case *c)
{
    int q = c->q[0] < c->q[1] ? c->q[0] : c->q[1];
    return to_q(c->x[0], c->q[0], q) - to_q(c->x[1], c->q[1], q);
}
static int form_eq(const lane_case *c)
{
    return difference(c) == 0;
}
static int form_ne(const lane_case *c)
{
    return difference(c) != 0;
}
static int form_lt(const lane_case *c)
{
    return difference(c) < 0;
}
static int form_le(const lane_case *c)
{
    return difference(c) <= 0;
}
static int form_gt(const lane_case *c)
{
    return difference(c) > 0;
}
static int form_ge(const lane_case *c)
{
    return difference(c) >= 0;
}
static int form_select(const lane_case *c)
{
    int from = c->x[0] ? 1 : 2;
    return to_q(c->x[from], c->q[from], c->result_q);
}
static int form_neg(const lane_case *c)
{
    return near_to(-real(c->x[0], c->q[0]), c->result_q);
}
static int form_abs(const lane_case *c)
{
    return near_to(fabs(real(c->x[0], c->q[0])), c->result_q);
}
static int form_sign(const lane_case *c)
{
    return near_to(c->x[0] > 0 ? 1 : c->x[0] < 0 ? -1 : 0, c->result_q);
}
static int form_relu(const lane_case *c)
{
    return near_to(fmax(0, real(c->x[0], c->q[0])), c->result_q);
}
static int form_convert(const lane_case *c)
{
    return near_to(real(c->x[0], c->q[0]), c->result_q);
}
static int form_sigmoid(const lane_case *c)
{
    return near_to(0.5L * (1 + tanhl(real(c->x[0], c->q[0]) / 2.0L)), c->result_q);
}
static int form_tanh(const lane_case *c)
{
    long double e = expm1l(2.0L * real(c->x[0], c->q[0]));
    return near_to(isinf(e) ? 1 : e / (e + 2), c->result_q);
}
static int form_exp(const lane_case *c)
{
    return near_to(exp2l(real(c->x[0], c->q[0]) * 1.442695040888963407359924681001892137L),
                   c->result_q);
}
static int form_log(const lane_case *c)
{
    return c->x[0] <= 0
               ? -32767
               : near_to(log2l(real(c->x[0], c->q[0])) * 0.693147180559945309417232121458176568L,
                         c->result_q);
}
static int form_sqrt(const lane_case *c)
{
    return c->x[0] <= 0 ? 0 : near_to(sqrtl(real(c->x[0], c->q[0])), c->result_q);
}
static int form_rsqrt(const lane_case *c)
{
    return c->x[0] <= 0 ? 32767
                        : near_to(sqrtl(1 / (long double)real(c->x[0], c->q[0])), c->result_q);
}

/* slack: how far a transcendental formula may be off where it lands on the edge of two values. */
static const struct {
    ir_opcode code;
    int args, slack;
    int (*formula)(const lane_case *c);
} each[] = {
    {IR_add, 2, 0, form_add},         {IR_sub, 2, 0, form_sub},         {IR_mul, 2, 0, form_mul},
    {IR_div, 2, 0, form_div},         {IR_min, 2, 0, form_min},         {IR_max, 2, 0, form_max},
    {IR_relud, 2, 0, form_relud},     {IR_eq, 2, 0, form_eq},           {IR_ne, 2, 0, form_ne},
    {IR_lt, 2, 0, form_lt},           {IR_le, 2, 0, form_le},           {IR_gt, 2, 0, form_gt},
    {IR_ge, 2, 0, form_ge},           {IR_select, 3, 0, form_select},   {IR_neg, 1, 0, form_neg},
    {IR_abs, 1, 0, form_abs},         {IR_sign, 1, 0, form_sign},       {IR_relu, 1, 0, form_relu},
    {IR_convert, 1, 0, form_convert}, {IR_sigmoid, 1, 1, form_sigmoid}, {IR_tanh, 1, 1, form_tanh},
    {IR_exp, 1, 1, form_exp},         {IR_log, 1, 1, form_log},         {IR_sqrt, 1, 1, form_sqrt},
    {IR_rsqrt, 1, 1, form_rsqrt},
};

static int16_t some_value(random_state *r)
{
    static const int16_t corners[] = {0, 1, -1, 32767, -32767, 2, 16384, -16384};
    return random_below(r, 4)
               ? fixed_saturate((int16_t)(random_next(r) >> (48 + random_below(r, 14))))
               : corners[random_below(r, 8)];
}

/* A graph over [n: 3] with `args` inputs of LANES lanes (every second one of one lane) and one op. */
static ir_op *one_op(fixture *f, ir_opcode code, int args, const lane_case *c, uint32_t lanes[3])
{
    ir_graph *g = ir_graph_new(f->m, "g");
    ir_op *inputs[3];
    ir_graph_dim(g, "n", 3);
    for (int k = 0; k < args; k++) {
        inputs[k] = ir_op_new(g, NULL, IR_input, ir_vec(lanes[k], (uint8_t)c->q[k]), NULL, 0,
                              SOURCE_NOWHERE);
        inputs[k]->space = (ir_space){1, {0}};
        ir_set_int(g, inputs[k], IR_ATTR_port, k);
    }
    ir_op *op = ir_op_new(g, NULL, code, ir_vec(LANES, (uint8_t)c->result_q), inputs, (size_t)args,
                          SOURCE_NOWHERE);
    if (!ir_verify(f->m, f->d, NULL))
        fail_msg("%s", messages_of(f->memory, f->d));
    return op;
}

static void check_each(random_state *r, size_t row)
{
    fixture f;
    int16_t ports[3][3 * LANES];
    const int16_t *inputs[3] = {ports[0], ports[1], ports[2]};
    lane_case c = {
        .result_q = ir_ops[each[row].code].result == IR_RESULT_MASK ? 0 : (int)random_below(r, 16)};
    uint32_t lanes[3] = {LANES, LANES, LANES};
    fixture_open(&f, &paper_numerics);
    for (int k = 0; k < each[row].args; k++) {
        c.q[k] = random_below(r, 3) ? (int)random_below(r, 16) : c.result_q;
        if (k && random_below(r, 3) == 0)
            lanes[k] = 1;
        for (uint32_t i = 0; i < 3 * lanes[k]; i++)
            ports[k][i] = some_value(r);
    }
    ir_op *op = one_op(&f, each[row].code, each[row].args, &c, lanes);
    ir_fixed *fixed = ir_fixed_new(f.memory, f.m, FIDELITY_ADC, 1);
    ir_fixed_run(fixed, f.m->graphs[0], 0, inputs, NULL);
    const int16_t *found = ir_fixed_value(fixed, op);
    for (uint32_t i = 0; i < 3 * LANES; i++) {
        for (int k = 0; k < each[row].args; k++)
            c.x[k] = ports[k][lanes[k] == 1 ? i / LANES : i];
        int expected = each[row].formula(&c);
        if (abs(found[i] - expected) > each[row].slack)
            fail_msg("%s(%d q%d, %d q%d, %d q%d) -> q%d: %d, expected %d",
                     ir_ops[each[row].code].name, c.x[0], c.q[0], c.x[1], c.q[1], c.x[2], c.q[2],
                     c.result_q, found[i], expected);
    }
    fixture_close(&f);
}

static void test_each(void **state)
{
    random_state r = random_from(test_seed(), 1);
    (void)state;
    for (size_t row = 0; row < sizeof each / sizeof *each; row++)
        for (int n = 0; n < 20; n++)
            check_each(&r, row);
}

static void test_all_element_wise_ops_are_tested(void **state)
{
    (void)state;
    for (int code = 0; code < IR_OPCODES; code++) {
        bool tested = code == IR_round; /* below */
        for (size_t row = 0; row < sizeof each / sizeof *each; row++)
            tested |= (int)each[row].code == code;
        assert_true(tested == (ir_ops[code].class == IR_CLASS_EACH));
    }
}

/* ---- whole graphs as text ---- */

#define NUMERICS(rows, columns, mode)                                                              \
    "numerics {slices = [4 4 4 6 6 5 5 5], radix_bits = 4, adc_extra_bits = 6, rows = " #rows      \
    ", columns = " #columns ", mode = " #mode ", rounding = off, round_row = 0, round_column = "   \
    "0, q_activation = 9, q_weight = 26, q_error = 14}\n"

/* The value of op `id` after a run of the module's only graph. */
static const int16_t *value_after(fixture *f, const char *text, uint32_t id,
                                  const int16_t *const *inputs, int16_t *const *outputs)
{
    ir_module *m = read_sound(f, text);
    ir_fixed *fixed = ir_fixed_new(f->memory, m, FIDELITY_ADC, 77);
    ir_fixed_run(fixed, m->graphs[0], 5, inputs, outputs);
    for (const ir_op *op = m->graphs[0]->first; op; op = op->next)
        if (op->id == id)
            return ir_fixed_value(fixed, op);
    return NULL;
}

static void test_sum_is_cut_into_sides(void **state)
{
    fixture f;
    (void)state;
    fixture_open(&f, &paper_numerics);
    /* side 4: 8 + 8 * 2^-1 ... each part is rounded on its own, then three parts: (1 + 2) + 3 */
    int16_t x[10] = {1, 1, 1, 0, 1, 0, 0, 0, 30000, 30000};
    const int16_t *inputs[] = {x};
    const int16_t *y =
        value_after(&f,
                    NUMERICS(4, 8, stream) "graph @g () {\n"
                                           "  %1 = input {port = 0} : vec<10 q9> []\n"
                                           "  %2 = sum %1 : vec<1 q8> []\n"
                                           "  %3 = sum %1 : vec<1 q9> []\n"
                                           "  %4 = maxr %1 : vec<1 q10> []\n}\n",
                    2, inputs, NULL);
    assert_int_equal(y[0], 2 + 1 + 30000); /* 1.5 and 0.5 each go away from zero */
    assert_int_equal(y[1], 32767);
    assert_int_equal(y[2], 32767); /* 30000 in q10 saturates */
    fixture_close(&f);
}

static void test_softmax_is_its_composition(void **state)
{
    random_state r = random_from(test_seed(), 2);
    (void)state;
    for (int n = 0; n < 20; n++) {
        fixture f;
        fixture_open(&f, &paper_numerics);
        int lanes = 1 + (int)random_below(&r, 40), bits = 0;
        while (1 << bits < lanes)
            bits++;
        int16_t x[40];
        for (int i = 0; i < lanes; i++)
            x[i] = (int16_t)(some_value(&r) / 4);
        const int16_t *inputs[] = {x};
        const char *text = arena_printf(
            f.memory,
            NUMERICS(
                16, 32,
                stream) "graph @g () {\n"
                        "  %%1 = input {port = 0} : vec<%d q9> []\n  %%2 = softmax %%1 : vec<%d "
                        "q15> []\n"
                        "  %%3 = maxr %%1 : vec<1 q9> []\n  %%4 = sub %%1, %%3 : vec<%d q9> []\n"
                        "  %%5 = exp %%4 : vec<%d q14> []\n  %%6 = sum %%5 : vec<1 q%d> []\n"
                        "  %%7 = div %%5, %%6 : vec<%d q15> []\n}\n",
            lanes, lanes, lanes, lanes, 14 - bits, lanes);
        const int16_t *y = value_after(&f, text, 2, inputs, NULL);
        const int16_t *composed = value_after(&f, text, 7, inputs, NULL);
        double sum = 0, most = -1e9;
        assert_memory_equal(y, composed, (size_t)lanes * sizeof *y);
        for (int i = 0; i < lanes; i++)
            most = fmax(most, real(x[i], 9));
        for (int i = 0; i < lanes; i++)
            sum += exp(real(x[i], 9) - most);
        for (int i = 0; i < lanes; i++)
            assert_true(fabs(real(y[i], 15) - exp(real(x[i], 9) - most) / sum) < 0.005);
        fixture_close(&f);
    }
}

static void test_shapes_and_labels(void **state)
{
    fixture f;
    (void)state;
    fixture_open(&f, &paper_numerics);
    int16_t x[8] = {1, 2, 3, 4, 5, 6, 7, -32768}, label[2] = {2, 0}, out[2][10] = {{0}};
    const int16_t *inputs[] = {x, label};
    int16_t *outputs[] = {out[0]};
    value_after(
        &f,
        NUMERICS(
            16, 16,
            stream) "graph @g (n: 2) {\n"
                    "  %1 = input {port = 0} : vec<4 q9> [n]\n  %2 = input {port = 1} : label<3> "
                    "[n]\n"
                    "  %3 = slice %1 {first = 1} : vec<2 q9> [n]\n"
                    "  %4 = const {value = -0.5} : vec<1 q9> []\n  %5 = bcast %4 : vec<3 q9> []\n"
                    "  %6 = onehot %2 : vec<3 q9> [n]\n  %7 = concat %3, %5 : vec<5 q9> [n]\n"
                    "  %8 = output %7 {port = 0, first = 0} [n]\n"
                    "  %9 = convert %6 : vec<3 q9> [n]\n  %10 = output %9 {port = 0, first = 5} "
                    "[n]\n"
                    "  %11 = output %4 {port = 0, first = 8} [n]\n"
                    "  %12 = neg %1 : vec<4 q9> [n]\n  %13 = slice %12 {first = 3} : vec<1 q9> "
                    "[n]\n"
                    "  %14 = output %13 {port = 0, first = 9} [n]\n}\n",
        1, inputs, outputs);
    int16_t expected[2][10] = {{2, 3, -256, -256, -256, 0, 0, 512, -256, -4},
                               {6, 7, -256, -256, -256, 512, 0, 0, -256, 32767}};
    assert_memory_equal(out, expected, sizeof out);
    fixture_close(&f);
}

/* Parts of one port: what `first` says. */
static void test_split_port(void **state)
{
    fixture f;
    (void)state;
    fixture_open(&f, &paper_numerics);
    int16_t x[6] = {1, 2, 3, 4, 5, 6};
    const int16_t *inputs[] = {x};
    const int16_t *y = value_after(
        &f,
        NUMERICS(16, 16, stream) "graph @g (n: 2) {\n"
                                 "  %1 = input {port = 0, first = 0} : vec<2 q9> [n]\n"
                                 "  %2 = input {port = 0, first = 2} : vec<1 q9> [n]\n}\n",
        2, inputs, NULL);
    assert_int_equal(y[0], 3);
    assert_int_equal(y[1], 6);
    fixture_close(&f);
}

static void test_losses(void **state)
{
    fixture f;
    (void)state;
    fixture_open(&f, &paper_numerics);
    int16_t x[3] = {512, -256, 1024}, t[3] = {0, 0, 512};
    const int16_t *inputs[] = {x, t};
    const int16_t *y =
        value_after(&f,
                    NUMERICS(16, 16, stream) "graph @g () {\n"
                                             "  %1 = input {port = 0} : vec<3 q9> []\n  %2 = input "
                                             "{port = 1} : vec<3 q9> []\n"
                                             "  %3 = cross_entropy %1, %2 : vec<1 q12> []\n"
                                             "  %4 = mse %1, %2 : vec<1 q12> []\n}\n",
                    3, inputs, NULL);
    assert_int_equal(y[0], near_to(-logl(expl(2) / (expl(1) + expl(-0.5L) + expl(2))), 12));
    assert_int_equal(y[1], near_to((1 + 0.25L + 1) / 3, 12));
    fixture_close(&f);
}

/* ---- grids and random draws ---- */

static void test_grid_nearest(void **state)
{
    random_state r = random_from(test_seed(), 3);
    (void)state;
    for (int n = 0; n < 40; n++) {
        fixture f;
        fixture_open(&f, &paper_numerics);
        int grid = (int)random_below(&r, 15), qx = (int)random_below(&r, 15),
            q = (int)random_below(&r, 18);
        int16_t x[LANES], z[LANES];
        for (int i = 0; i < LANES; i++) {
            x[i] = some_value(&r);
            z[i] = some_value(&r);
        }
        const int16_t *inputs[] = {x, z};
        const char *text = arena_printf(
            f.memory,
            NUMERICS(
                16, 16,
                stream) "graph @g () {\n"
                        "  %%1 = input {port = 0} : vec<37 q%d> []\n  %%2 = input {port = 1} : "
                        "vec<37 q9> []\n"
                        "  %%3 = round %%1 {grid = %d} : vec<37 q%d> []\n"
                        "  %%4 = mul %%1, %%2 {grid = %d, mode = nearest} : vec<37 q%d> []\n}\n",
            qx, grid, qx, grid, q);
        int limit = 32767 >> grid;
        const int16_t *y = value_after(&f, text, 3, inputs, NULL);
        for (int i = 0; i < LANES; i++) {
            int steps = (int)roundl(ldexpl(x[i], -grid));
            steps = steps > limit ? limit : steps < -limit ? -limit : steps;
            assert_int_equal(y[i], steps * (1 << grid));
        }
        y = value_after(&f, text, 4, inputs, NULL);
        for (int i = 0; i < LANES; i++) {
            long double product = ldexpl((long double)x[i] * z[i], q - qx - 9 - grid);
            int steps = (int)fmaxl(-limit, fminl(limit, roundl(product)));
            assert_int_equal(y[i], steps * (1 << grid));
        }
        fixture_close(&f);
    }
}

/* The draw of a lane is that of its key; it decides between the two neighbours on the grid. */
static void test_stochastic_draws(void **state)
{
    fixture f;
    (void)state;
    fixture_open(&f, &paper_numerics);
    int16_t x[3 * 40];
    const int16_t *inputs[] = {x};
    for (int i = 0; i < 120; i++)
        x[i] = (int16_t)(i * 37 - 2000);
    const char *text = NUMERICS(
        16, 24,
        stream) "graph @g (n: 3) {\n"
                "  %1 = input {port = 0} : vec<40 q9> [n]\n"
                "  %2 = round %1 {grid = 7, mode = stochastic, stream = 6} : vec<40 q9> [n]\n"
                "  %3 = random {stream = 8} : vec<40 q15> [n]\n}\n";
    const int16_t *y = value_after(&f, text, 2, inputs, NULL),
                  *u = value_after(&f, text, 3, inputs, NULL);
    for (uint32_t i = 0; i < 120; i++) {
        uint32_t lane = i % 40;
        random_key key = {77, 6 + lane / 16, 5, i / 40}, other = {77, 8 + lane / 16, 5, i / 40};
        uint64_t draw = random_lane(random_base(key), lane % 16);
        int size = abs(x[i]), up = (int)(size + (int)(draw % 128)) / 128 * 128;
        assert_int_equal(y[i], x[i] < 0 ? -up : up);
        assert_int_equal(u[i], random_lane(random_base(other), lane % 16) >> 49);
    }
    fixture_close(&f);
}

/* Unbiased, and different from point to point, lane to lane, step to step. */
static void test_draws_are_unbiased(void **state)
{
    fixture f;
    (void)state;
    fixture_open(&f, &paper_numerics);
    enum { POINTS = 400, WIDTH = 100 };
    static int16_t x[POINTS * WIDTH];
    const int16_t *inputs[] = {x};
    for (int i = 0; i < POINTS * WIDTH; i++)
        x[i] = (int16_t)(i % 2 ? 1000 : -1000); /* 1000 = 7 * 128 + 104 */
    const char *text = NUMERICS(
        16, 24,
        stream) "graph @g (n: 400) {\n"
                "  %1 = input {port = 0} : vec<100 q9> [n]\n"
                "  %2 = round %1 {grid = 7, mode = stochastic, stream = 6} : vec<100 q9> [n]\n"
                "  %3 = random {stream = 8} : vec<100 q15> [n]\n}\n";
    ir_module *m = read_sound(&f, text);
    ir_fixed *fixed = ir_fixed_new(f.memory, m, FIDELITY_ADC, test_seed());
    const ir_op *round = m->graphs[0]->first->next;
    static int16_t first[POINTS * WIDTH];
    ir_fixed_run(fixed, m->graphs[0], 0, inputs, NULL);
    memcpy(first, ir_fixed_value(fixed, round), sizeof first);
    double size = 0, mean = 0, square = 0, n = POINTS * WIDTH;
    for (int i = 0; i < POINTS * WIDTH; i++) {
        int u = ir_fixed_value(fixed, round->next)[i];
        size += abs(first[i]);
        mean += u;
        square += (double)u * u;
    }
    mean /= n;
    assert_true(fabs(size / n - 1000) < 5 * 128 * sqrt(0.8125 * 0.1875 / n));
    assert_true(fabs(mean - 16383.5) < 5 * 9459 / sqrt(n));
    assert_true(fabs(sqrt(square / n - mean * mean) - 9459) < 100);
    int repeated = 0, expected = 0;
    ir_fixed_run(fixed, m->graphs[0], 1, inputs, NULL);
    for (int i = 0; i < POINTS * WIDTH; i++) {
        repeated += ir_fixed_value(fixed, round)[i] == first[i];
        expected += i >= WIDTH && first[i] == first[i - WIDTH];
    }
    double same = 0.8125 * 0.8125 + 0.1875 * 0.1875; /* of independent draws */
    assert_true(fabs(repeated / n - same) < 0.02);
    assert_true(fabs(expected / n - same) < 0.02);
    ir_fixed_run(fixed, m->graphs[0], 0, inputs, NULL);
    assert_memory_equal(first, ir_fixed_value(fixed, round), sizeof first);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each),
        cmocka_unit_test(test_all_element_wise_ops_are_tested),
        cmocka_unit_test(test_sum_is_cut_into_sides),
        cmocka_unit_test(test_softmax_is_its_composition),
        cmocka_unit_test(test_shapes_and_labels),
        cmocka_unit_test(test_split_port),
        cmocka_unit_test(test_losses),
        cmocka_unit_test(test_grid_nearest),
        cmocka_unit_test(test_stochastic_draws),
        cmocka_unit_test(test_draws_are_unbiased),
    };
    return cmocka_run_group_tests_name("ir fixed", tests, NULL, NULL);
}
