/* The vector unit: element functions to the bit, and every instruction through the emulator. */
#include "tests/unit/test_emulator_support.h"

#include "isa/support/vector.h"

#include <math.h>

typedef struct function_case {
    const char *name;
    vector_function *function;
    double (*exact)(double);
} function_case;

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}
static double reciprocal_root(double x)
{
    return 1 / sqrt(x);
}

static const function_case functions[] = {
    {"sigmoid", vector_sigmoid, sigmoid}, {"tanh", vector_tanh, tanh},
    {"exp", vector_exp, exp},             {"log", vector_log, log},
    {"sqrt", vector_sqrt, sqrt},          {"rsqrt", vector_rsqrt, reciprocal_root},
};
static const int formats[][2] = {
    {9, 9}, {9, 14}, {12, 12}, {8, 15}, {14, 9}, {0, 15}, {15, 0}, {13, 20},
};

enum {
    FUNCTIONS = sizeof functions / sizeof *functions,
    FORMATS = sizeof formats / sizeof *formats,
};

/* The true value lies in the interval that rounds to the result, far from its ends or on one. */
static void check_rounding(const function_case *f, int a, int q_in, int q_out)
{
    int16_t got = f->function((int16_t)a, q_in, q_out);
    bool outside = (f->function == vector_log || f->function == vector_rsqrt) && a <= 0;
    outside |= f->function == vector_sqrt && a < 0;
    if (outside) {
        assert_int_equal(got, f->function == vector_log    ? -32767
                              : f->function == vector_sqrt ? 0
                                                           : 32767);
        return;
    }
    double v = ldexp(f->exact(ldexp(a, -q_in)), q_out);
    double wanted = v > 32767 ? 32767 : v < -32767 ? -32767 : v;
    double tie = fabs(fabs(v) - floor(fabs(v)) - 0.5);
    if (tie == 0 && fabs(v) < 32767)
        assert_int_equal(got, v < 0 ? floor(v) : ceil(v));
    else if (fabs(v) < 32768 && tie < 1e-9)
        fail_msg("%s(%d), formats %d and %d: %.17g is too near a tie", f->name, a, q_in, q_out, v);
    if (fabs(got - wanted) > 0.5)
        fail_msg("%s(%d), formats %d and %d: %d, not %.9g", f->name, a, q_in, q_out, got, v);
}

static void functions_are_correctly_rounded(void **state)
{
    (void)state;
    for (int f = 0; f < FUNCTIONS; f++)
        for (int q = 0; q < FORMATS; q++)
            for (int a = -32768; a <= 32767; a++)
                check_rounding(&functions[f], a, formats[q][0], formats[q][1]);
}

/* Roots in integers: (2r - 1)^2 <= 4 v < (2r + 1)^2. */
static void roots_are_exact(void **state)
{
    (void)state;
    for (int q_in = 0; q_in <= 15; q_in += 3)
        for (int q_out = 0; q_out <= 15; q_out += 5)
            for (int a = 1; a <= 32767; a++) {
                __int128 up = (__int128)1 << (2 * q_out), down = (__int128)1 << q_in;
                __int128 r = vector_sqrt((int16_t)a, q_in, q_out);
                assert_true(r == 32767 || 4 * up * a < (2 * r + 1) * (2 * r + 1) * down);
                assert_true(r == 0 || (2 * r - 1) * (2 * r - 1) * down <= 4 * up * a);
                r = vector_rsqrt((int16_t)a, q_in, q_out);
                assert_true(r == 32767 || 4 * up * down < (2 * r + 1) * (2 * r + 1) * a);
                assert_true(r == 0 || (2 * r - 1) * (2 * r - 1) * a <= 4 * up * down);
            }
}

static int16_t rounded(double v)
{
    double r = round(v);
    return (int16_t)(r > 32767 ? 32767 : r < -32767 ? -32767 : r);
}

/* a * 2^shift, at most the largest multiple of 2^shift. */
static int16_t on_grid(int16_t a, int shift)
{
    double v = ldexp(a, shift), grid = shift > 0 ? ldexp(1, shift) : 1;
    double most = floor(32767 / grid) * grid;
    return rounded(v > most ? most : v < -most ? -most : v);
}

static void arithmetic_rounds_and_saturates(void **state)
{
    (void)state;
    const uint64_t seed = 77;
    print_message("seed %llu\n", (unsigned long long)seed);
    random_state r = random_from(seed, 1);
    for (int n = 0; n < 200000; n++) {
        int16_t a = (int16_t)random_next(&r), b = (int16_t)random_next(&r);
        int shift = (int)random_below(&r, 40) - 12;
        if (n % 7 == 0)
            b = (int16_t)(b % 4);
        assert_int_equal(vector_mul(a, b, shift), rounded(ldexp((double)a * b, -shift)));
        assert_int_equal(vector_shr(a, shift), rounded(ldexp(a, -shift)));
        assert_int_equal(vector_shl(a, shift), on_grid(a, shift));
        if (b)
            assert_int_equal(vector_div(a, b, shift), rounded((double)(ldexpl(a, shift) / b)));
        else
            assert_int_equal(vector_div(a, b, shift), a > 0 ? 32767 : a < 0 ? -32767 : 0);
        assert_int_equal(vector_add(a, b), rounded((double)a + b));
        assert_int_equal(vector_sub(a, b), rounded((double)a - b));
    }
    assert_int_equal(vector_neg(-32768), 32767);
    assert_int_equal(vector_abs(-32768), 32767);
    assert_int_equal(vector_div(-32768, 32767, 63), -32767);
    assert_int_equal(vector_div(32767, -32768, -64), 0);
}

static void stochastic_rounding_is_unbiased(void **state)
{
    (void)state;
    random_state r = random_from(3, 1);
    double sum = 0;
    for (int n = 0; n < 100000; n++) {
        int16_t v = vector_shr_stochastic(-1000, 7, random_next(&r)); /* -7.8125 */
        assert_true(v == -7 || v == -8);
        sum += v;
    }
    assert_true(fabs(sum / 100000 + 7.8125) < 0.01);
}

/* One instruction on three operands; a is v0, b v32, c v64, the result v96. */
static void execute(const char *insn, uint64_t step, const int16_t *a, int16_t *out)
{
    bench b = bench_new();
    const int16_t *inputs[] = {a};
    int16_t *outputs[] = {out};
    bench_program(&b, arena_printf(b.memory,
                                   ".input a role=input elements=96\n.packet channel=0 words=96\n"
                                   ".output y role=output elements=32\n.packet channel=0 words=32\n"
                                   ".thread 0\n  receive [s0 + 0], 96, 0, 1\n  halt\n"
                                   ".core 0\n  load v0, [s0 + 0], 96\n  %s\n"
                                   "  store [s0 + 100], v96, 32, 1\n  halt\n"
                                   ".thread 1\n  send [s0 + 100], 32, host, 0, 0\n  halt\n",
                                   insn));
    if (emulator_run(b.e, 0, step, inputs, outputs, b.d) != EXIT_DONE)
        fail_msg("%s", bench_messages(&b));
    bench_free(&b);
}

static int16_t saturated(int64_t v)
{
    return fixed_saturate(v);
}

#define CASE(text, expression)                                                                     \
    do {                                                                                           \
        execute(text, 0, in, out);                                                                 \
        for (int l = 0; l < 32; l++) {                                                             \
            int64_t a = in[l], b = in[32 + l], c = in[64 + l];                                     \
            (void)a, (void)b, (void)c;                                                             \
            int16_t wanted = saturated(expression);                                                \
            if (out[l] != wanted)                                                                  \
                fail_msg("%s of %d, %d, %d is %d, not %d", text, in[l], in[32 + l], in[64 + l],    \
                         out[l], wanted);                                                          \
        }                                                                                          \
    } while (0)

static void fill_operands(int16_t *in)
{
    random_state r = random_from(5, 9);
    for (int k = 0; k < 96; k++)
        in[k] = (int16_t)(k % 3 ? random_next(&r) : random_below(&r, 5) - 2);
    in[32] = in[0]; /* equal */
    in[33] = 0;
}

static void element_instructions(void **state)
{
    (void)state;
    int16_t in[96], out[32];
    fill_operands(in);
    CASE("copy v96, v0, 32", a == -32768 ? out[l] : a);
    CASE("set v96, -77, 32", -77);
    CASE("add v96, v0, v32, 32", a + b);
    CASE("sub v96, v0, v32, 32", a - b);
    CASE("mul v96, v0, v32, 32, 7, 0", vector_mul((int16_t)a, (int16_t)b, 7));
    CASE("div v96, v0, v32, 32, 9", vector_div((int16_t)a, (int16_t)b, 9));
    CASE("min v96, v0, v32, 32", a < b ? a : b);
    CASE("max v96, v0, v32, 32", a > b ? a : b);
    CASE("and v96, v0, v32, 32", a & b);
    CASE("or v96, v0, v32, 32", a | b);
    CASE("not v96, v0, 32", !a);
    CASE("eq v96, v0, v32, 32", a == b);
    CASE("ne v96, v0, v32, 32", a != b);
    CASE("lt v96, v0, v32, 32", a < b);
    CASE("le v96, v0, v32, 32", a <= b);
    CASE("gt v96, v0, v32, 32", a > b);
    CASE("ge v96, v0, v32, 32", a >= b);
    CASE("sel v96, v0, v32, v64, 32", a ? b : c);
    CASE("neg v96, v0, 32", -a);
    CASE("abs v96, v0, 32", a < 0 ? -a : a);
    CASE("sign v96, v0, 32", (a > 0) - (a < 0));
    CASE("relu v96, v0, 32", a > 0 ? a : 0);
    CASE("relud v96, v0, v32, 32", b > 0 ? a : 0);
}

static void immediate_instructions(void **state)
{
    (void)state;
    int16_t in[96], out[32];
    fill_operands(in);
    CASE("addi v96, v0, 1000, 32", a + 1000);
    CASE("muli v96, v0, -300, 32, 8", vector_mul((int16_t)a, -300, 8));
    CASE("mini v96, v0, 5, 32", a < 5 ? a : 5);
    CASE("maxi v96, v0, -5, 32", a > -5 ? a : -5);
    CASE("shl v96, v0, 32, 3", on_grid((int16_t)a, 3));
    CASE("shr v96, v0, 32, 4, 0", vector_shr((int16_t)a, 4));
    CASE("sigmoid v96, v0, 32, 12, 15", vector_sigmoid((int16_t)a, 12, 15));
    CASE("tanh v96, v0, 32, 12, 14", vector_tanh((int16_t)a, 12, 14));
    CASE("exp v96, v0, 32, 12, 9", vector_exp((int16_t)a, 12, 9));
    CASE("log v96, v0, 32, 12, 11", vector_log((int16_t)a, 12, 11));
    CASE("sqrt v96, v0, 32, 12, 11", vector_sqrt((int16_t)a, 12, 11));
    CASE("rsqrt v96, v0, 32, 12, 11", vector_rsqrt((int16_t)a, 12, 11));
    CASE("bcast v96, v5, 32", in[5]);
    CASE("sum v96, v0, 32, 2\n  bcast v96, v96, 32", vector_sum(in, 32, 2));
    CASE("maxr v96, v0, 32\n  bcast v96, v96, 32", vector_maxr(in, 32));
}

static void random_instructions(void **state)
{
    (void)state;
    int16_t in[96], out[32];
    fill_operands(in);
    for (uint64_t step = 0; step < 3; step++) {
        uint64_t first = random_base((random_key){1, 40, step, 0});
        uint64_t second = random_base((random_key){1, 40, step, 1});
        execute("rand v96, 32, 40", step, in, out);
        for (uint32_t l = 0; l < 32; l++)
            assert_int_equal(out[l], random_lane(first, l) >> 49);
        execute("rand v96, 32, 40\n  shr v96, v0, 32, 6, 0, stochastic, 40", step, in, out);
        for (uint32_t l = 0; l < 32; l++)
            assert_int_equal(out[l], vector_shr_stochastic(in[l], 6, random_lane(second, l)));
        execute("rand v96, 32, 41\n  mul v96, v0, v32, 32, 6, 0, stochastic, 40", step, in, out);
        for (uint32_t l = 0; l < 32; l++)
            assert_int_equal(out[l],
                             vector_mul_stochastic(in[l], in[32 + l], 6, random_lane(first, l)));
    }
}

/* Scalar registers: 32 bits that wrap, and phases; seen through the words that a store marks. */
static void scalar_instructions(void **state)
{
    (void)state;
    bench b = bench_new();
    bench_program(&b, ".core 0\n"
                      "  sset s1, 2147483647\n  saddi s1, s1, 1\n"
                      "  bne s1, -2147483648, bad\n"
                      "  sset s2, 65536\n  smul s3, s2, s2\n  bne s3, 0, bad\n"
                      "  ssub s3, s2, s1\n  sadd s3, s3, s1\n  bne s3, s2, bad\n"
                      "  sset s4, 5\n  sring s4, 17, 10\n" /* 22 -> 2: two flips */
                      "  bge s4, 3, bad\n  blt s4, 2, bad\n  bge s4, s2, bad\n"
                      "  store [s4 + 0], v0, 1, 1\n  load v0, [s0 + 2], 1\n"
                      "  sring s4, 8, 10\n" /* 10 -> 0: the other phase */
                      "  smov s5, s4\n  saddi s5, s5, 2\n  beq s5, 2, good\n"
                      "bad:  jmp bad\n"
                      "good: blt s2, s5, bad\n"
                      "  store [s5 + 0], v0, 1, 1\n" /* at 2, phase 1 */
                      "  ssub s6, s4, s4\n  sadd s6, s6, s0\n"
                      "  load v0, [s6 + 2], 1\n" /* the phase came along from s4 */
                      "  halt\n");
    bench_run(&b, NULL, NULL);
    bench_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(functions_are_correctly_rounded),
        cmocka_unit_test(roots_are_exact),
        cmocka_unit_test(arithmetic_rounds_and_saturates),
        cmocka_unit_test(stochastic_rounding_is_unbiased),
        cmocka_unit_test(element_instructions),
        cmocka_unit_test(immediate_instructions),
        cmocka_unit_test(random_instructions),
        cmocka_unit_test(scalar_instructions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
