#include "isa/support/random.h"
#include "tests/unit/ir_fixture.h"

#include <math.h>

/* The float interpreter: each op at known numbers, reductions, shapes, losses, random draws. */

#define NUMERICS                                                                                   \
    "numerics {slices = [4 4], radix_bits = 4, adc_extra_bits = 6, rows = 16, columns = 24, mode " \
    "= stream, rounding = off, round_row = 0, round_column = 0, q_activation = 9, q_weight = 20, " \
    "q_error = 14}\n"

typedef struct float_run {
    fixture f;
    ir_module *m;
    ir_float *real;
} float_run;

static void open_run(float_run *run, const char *text, const double *const *inputs,
                     double *const *outputs)
{
    fixture_open(&run->f, &paper_numerics);
    run->m = read_sound(&run->f, text);
    run->real = ir_float_new(run->f.memory, run->m, 77);
    ir_float_run(run->real, run->m->graphs[0], 5, inputs, outputs);
}

static const double *value(const float_run *run, uint32_t id)
{
    const ir_op *op = run->m->graphs[0]->first;
    while (op->id != id)
        op = op->next;
    return ir_float_value(run->real, op);
}

/* What an op makes of x = -2, -0.5, 0, 0.5, 3 and of these with y = -2, 1, 0, 0.25, 5. */
static const struct {
    const char *op;
    double made[5];
} each[] = {
    {"add", {-4, 0.5, 0, 0.75, 8}},
    {"sub", {0, -1.5, 0, 0.25, -2}},
    {"mul", {4, -0.5, 0, 0.125, 15}},
    {"min", {-2, -0.5, 0, 0.25, 3}},
    {"max", {-2, 1, 0, 0.5, 5}},
    {"relud", {0, -0.5, 0, 0.5, 3}},
    {"eq", {1, 0, 1, 0, 0}},
    {"ne", {0, 1, 0, 1, 1}},
    {"lt", {0, 1, 0, 0, 1}},
    {"le", {1, 1, 1, 0, 1}},
    {"gt", {0, 0, 0, 1, 0}},
    {"ge", {1, 0, 1, 1, 0}},
    {"neg", {2, 0.5, 0, -0.5, -3}},
    {"abs", {2, 0.5, 0, 0.5, 3}},
    {"sign", {-1, -1, 0, 1, 1}},
    {"relu", {0, 0, 0, 0.5, 3}},
    {"convert", {-2, -0.5, 0, 0.5, 3}},
    {"sigmoid",
     {0.11920292202211755, 0.37754066879814541, 0.5, 0.62245933120185459, 0.95257412682243336}},
    {"tanh",
     {-0.96402758007581690, -0.46211715726000973, 0, 0.46211715726000973, 0.99505475368673046}},
    {"exp", {0.13533528323661270, 0.60653065971263342, 1, 1.6487212707001282, 20.085536923187668}},
};

static void test_each(void **state)
{
    static const double x[] = {-2, -0.5, 0, 0.5, 3}, y[] = {-2, 1, 0, 0.25, 5};
    const double *inputs[] = {x, y};
    (void)state;
    for (size_t row = 0; row < sizeof each / sizeof *each; row++) {
        float_run run;
        char text[1000];
        ir_opcode code = IR_input;
        while (strcmp(ir_ops[code].name, each[row].op) != 0)
            code++;
        snprintf(text, sizeof text,
                 NUMERICS
                 "graph @g () {\n  %%1 = input {port = 0} : vec<5 q9> []\n"
                 "  %%2 = input {port = 1} : vec<5 q9> []\n  %%3 = %s %s : vec<5 q%d> []\n}\n",
                 each[row].op, ir_ops[code].args_low == 2 ? "%1, %2" : "%1",
                 ir_ops[code].result == IR_RESULT_MASK ? 0 : 9);
        open_run(&run, text, inputs, NULL);
        for (int i = 0; i < 5; i++)
            if (fabs(value(&run, 3)[i] - each[row].made[i]) > 1e-12)
                fail_msg("%s of %g and %g: %g, expected %g", each[row].op, x[i], y[i],
                         value(&run, 3)[i], each[row].made[i]);
        fixture_close(&run.f);
    }
}

static void test_others(void **state)
{
    static const double x[] = {1, 2, 4, 0.5, 0.25, 8}, label[] = {2, 0};
    const double *inputs[] = {x, label};
    float_run run;
    (void)state;
    open_run(&run,
             NUMERICS
             "graph @g (n: 2) {\n"
             "  %1 = input {port = 0} : vec<3 q9> [n]\n  %2 = input {port = 1} : label<3> [n]\n"
             "  %3 = log %1 : vec<3 q9> [n]\n  %4 = sqrt %1 : vec<3 q9> [n]\n"
             "  %5 = rsqrt %1 : vec<3 q9> [n]\n  %6 = const {value = 0.3} : vec<1 q2> []\n"
             "  %7 = div %6, %1 : vec<3 q9> [n]\n  %8 = sum %1 : vec<1 q9> [n]\n"
             "  %9 = maxr %1 : vec<1 q9> [n]\n  %10 = softmax %3 : vec<3 q9> [n]\n"
             "  %11 = onehot %2 : vec<3 q9> [n]\n  %12 = select %11, %6, %1 : vec<3 q9> [n]\n"
             "  %13 = round %1 {grid = 9} : vec<3 q9> [n]\n  %14 = mul %1, %6 {grid = 9} : vec<3 "
             "q9> [n]\n}\n",
             inputs, NULL);
    for (int i = 0; i < 6; i++) {
        double sum = i < 3 ? 7 : 8.75;
        assert_true(fabs(value(&run, 3)[i] - log2(x[i]) * 0.69314718055994531) < 1e-12);
        assert_true(fabs(value(&run, 4)[i] * value(&run, 4)[i] - x[i]) < 1e-12);
        assert_true(fabs(value(&run, 5)[i] * value(&run, 4)[i] - 1) < 1e-12);
        assert_true(fabs(value(&run, 7)[i] * x[i] - 0.3) < 1e-12);
        assert_true(fabs(value(&run, 8)[i / 3] - sum) < 1e-12);
        assert_true(value(&run, 9)[i / 3] == (i < 3 ? 4 : 8));
        assert_true(fabs(value(&run, 10)[i] - x[i] / sum) < 1e-12);
        assert_true(value(&run, 11)[i] == (i == 2 || i == 3));
        assert_true(value(&run, 12)[i] == (i == 2 || i == 3 ? 0.3 : x[i]));
        assert_true(value(&run, 13)[i] == x[i]);
        assert_true(fabs(value(&run, 14)[i] - 0.3 * x[i]) < 1e-12);
    }
    fixture_close(&run.f);
}

static void test_shapes(void **state)
{
    static const double x[] = {1, 2, 3, 4, 5, 6};
    double out[2][6] = {{0}};
    const double *inputs[] = {x};
    double *outputs[] = {out[0]};
    float_run run;
    (void)state;
    open_run(
        &run,
        NUMERICS
        "graph @g (n: 2) {\n  %1 = input {port = 0} : vec<3 q9> [n]\n"
        "  %2 = slice %1 {first = 1} : vec<2 q9> [n]\n  %3 = slice %1 {first = 0} : vec<1 q9> [n]\n"
        "  %4 = bcast %3 : vec<3 q9> [n]\n  %5 = concat %2, %4 : vec<5 q9> [n]\n"
        "  %6 = output %5 {port = 0, first = 1} [n]\n  %7 = output %3 {port = 0} [n]\n}\n",
        inputs, outputs);
    static const double expected[2][6] = {{1, 2, 3, 1, 1, 1}, {4, 5, 6, 4, 4, 4}};
    assert_memory_equal(out, expected, sizeof out);
    fixture_close(&run.f);
}

static void test_losses(void **state)
{
    static const double x[] = {1, -0.5, 2}, y[] = {0.25, 0, 0.75};
    const double *inputs[] = {x, y};
    float_run run;
    (void)state;
    open_run(&run,
             NUMERICS
             "graph @g () {\n  %1 = input {port = 0} : vec<3 q9> []\n"
             "  %2 = input {port = 1} : vec<3 q9> []\n  %3 = cross_entropy %1, %2 : vec<1 q9> []\n"
             "  %4 = mse %1, %2 : vec<1 q9> []\n  %5 = descend %3, %4 []\n}\n",
             inputs, NULL);
    double sum = exp(1) + exp(-0.5) + exp(2);
    assert_true(fabs(*value(&run, 3) + 0.25 * log(exp(1) / sum) + 0.75 * log(exp(2) / sum)) <
                1e-12);
    assert_true(fabs(*value(&run, 4) - (0.5625 + 0.25 + 1.5625) / 3) < 1e-12);
    fixture_close(&run.f);
}

/* Both interpreters take the same samples. */
static void test_random(void **state)
{
    const char *text =
        NUMERICS "graph @g (n: 4) {\n  %1 = random {stream = 3} : vec<40 q15> [n]\n}\n";
    float_run run;
    (void)state;
    open_run(&run, text, NULL, NULL);
    ir_fixed *fixed = ir_fixed_new(run.f.memory, run.m, FIDELITY_ADC, 77);
    ir_fixed_run(fixed, run.m->graphs[0], 5, NULL, NULL);
    const int16_t *drawn = ir_fixed_value(fixed, run.m->graphs[0]->first);
    for (int i = 0; i < 160; i++)
        assert_true(value(&run, 1)[i] == drawn[i] / 32768.0);
    fixture_close(&run.f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each),   cmocka_unit_test(test_others), cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_losses), cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests_name("ir float", tests, NULL, NULL);
}
