/* Reading disturbed cells: equal to `adc` without knobs, noise and drift against their formulas. */
#include "device_fixture.h"

enum { SIDE = 40 };

typedef struct outcome {
    int64_t mvm[4][SIDE], mtvm[4][SIDE];
    int16_t digits[8 * SIDE * SIDE];
    uint64_t clips, saturated[8];
} outcome;

/* A short life: digits, products both ways, updates, carry resolution, and what came of it. */
static void live(cells *c, uint64_t seed, outcome *o)
{
    random_state r = random_from(seed, 1);
    int16_t row[SIDE], col[SIDE];
    memset(o, 0, sizeof *o);
    cells_fill(c, &r);
    for (int step = 0; step < 4; step++) {
        cells_operand(&r, row, SIDE, 32767);
        cells_operand(&r, col, SIDE, 32767);
        crossbar_mvm(c->x, row, o->mvm[step]);
        crossbar_mtvm(c->x, col, o->mtvm[step]);
        for (int n = 0; n < 3; n++) {
            cells_operand(&r, row, SIDE, 2000);
            cells_operand(&r, col, SIDE, 2000);
            crossbar_opa(c->x, row, col);
        }
        crossbar_commit(c->x);
        if (step == 2)
            crossbar_crs(c->x);
    }
    crossbar_read_digits(c->x, o->digits);
    o->clips = c->x->adc_clips;
    memcpy(o->saturated, c->x->saturated, sizeof o->saturated);
}

static outcome *lived(const crossbar_kernel *kernel, opa_mode mode, const char *knobs,
                      uint64_t seed, bool plain)
{
    outcome *o = malloc(sizeof *o);
    cells *c = cells_new(kernel, mode, SIDE, SIDE, knobs, seed);
    if (plain)
        c->x = crossbar_new(c->memory, kernel, &c->format, FIDELITY_ADC, mode, SIDE, SIDE);
    live(c, 5, o);
    cells_free(c);
    return o;
}

static void same(outcome *a, outcome *b, bool expected)
{
    assert_int_equal(memcmp(a, b, sizeof *a) == 0, expected);
    free(a);
    free(b);
}

/*
 * Without a knob, and with the real-valued path forced by disturbances far below half a code: the
 * bits of `adc`, clips and saturated cells included.
 */
static void all_off_is_adc(void **state)
{
    static const char *const knobs[] = {"", "endurance=1e9,chip=3,on_off_ratio=10,on_ohm=1e5",
                                        "read_noise=1e-9", "wire_ohm=1e-9,on_ohm=1e12",
                                        "drift_exponent=0.1,drift_time=1"};
    (void)state;
    for (size_t k = 0; k < sizeof knobs / sizeof *knobs; k++)
        for (int mode = 0; mode < (k == 0 ? OPA_MODES : OPA_IDEAL); mode++)
            same(lived(&crossbar_scalar, (opa_mode)mode, knobs[k], 1, false),
                 lived(&crossbar_scalar, (opa_mode)mode, "", 1, true), true);
}

/* Every kernel below, repeated runs, other seeds. */
static void results_do_not_depend_on_the_kernel(void **state)
{
    static const char *const knobs[] = {"read_noise=0.01",
                                        "preset=reram_illustrative",
                                        "stuck_low=0.1,stuck_high=0.1",
                                        "read_noise_relative=0.02,on_off_ratio=30",
                                        "preset=pcm_joshi_2020,drift_time=1e6",
                                        "preset=rram_wan_2022,update_noise=0.01,open_loop_writes=on"};
    (void)state;
    for (size_t k = 0; k < sizeof knobs / sizeof *knobs; k++)
        for (int mode = 0; mode < OPA_IDEAL; mode++) {
            for (int n = 0; n < crossbar_kernel_count; n++)
                if (crossbar_kernels[n]->available())
                    same(lived(&crossbar_reference, (opa_mode)mode, knobs[k], 9, false),
                         lived(crossbar_kernels[n], (opa_mode)mode, knobs[k], 9, false), true);
            bool fabricated = k == 2; /* stuck cells are of the chip, not of the run */
            same(lived(&crossbar_scalar, (opa_mode)mode, knobs[k], 9, false),
                 lived(&crossbar_scalar, (opa_mode)mode, knobs[k], 10, false), fabricated);
        }
}

/* Several vectors at once give what they give one by one. */
static void vectors_at_once(void **state)
{
    (void)state;
    random_state r = random_from(3, 1);
    cells *one = cells_new(&crossbar_scalar, OPA_STREAM, SIDE, 9, "read_noise=0.02", 4);
    cells *many = cells_new(&crossbar_scalar, OPA_STREAM, SIDE, 9, "read_noise=0.02", 4);
    random_state again = r;
    cells_fill(one, &r);
    cells_fill(many, &again);
    int16_t in[20 * SIDE];
    int64_t slow[20 * 9], fast[20 * 9];
    cells_operand(&r, in, 20 * SIDE, 32767);
    for (int v = 0; v < 20; v++)
        crossbar_mvm(one->x, in + v * SIDE, slow + v * 9);
    crossbar_mvm_many(many->x, in, 20, fast);
    assert_memory_equal(slow, fast, sizeof slow);
    cells_free(one);
    cells_free(many);
}

/*
 * Noise of a column sum. One bit of every input is set and only slice 0 counts, so y = code; a code
 * has the noise's variance and that of rounding, 1/12.
 */
static moments read_slice0(const char *knobs, int digit, bool transposed, int active)
{
    cells *c = cells_new(&crossbar_scalar, OPA_STREAM, 64, 64, knobs, 77);
    int16_t *digits = ARENA_ARRAY(c->memory, int16_t, cells_count(c)), in[64] = {0};
    int64_t out[64];
    moments m = {0};
    for (int k = 0; k < 64 * 64; k++)
        digits[k] = (int16_t)digit;
    crossbar_write_digits(c->x, digits);
    c->format.slices = 1; /* the others hold zeros, but are as noisy */
    for (int i = 0; i < active; i++)
        in[i] = (int16_t)(i % 2 ? -1 : 1);
    for (int n = 0; n < 400; n++) {
        (transposed ? crossbar_mtvm : crossbar_mvm)(c->x, in, out);
        for (int j = 0; j < 64; j++)
            moments_add(&m, (double)out[j]);
    }
    cells_free(c);
    return m;
}

static void near(double value, double expected, double tolerance)
{
    if (fabs(value - expected) > tolerance)
        fail_msg("%g is not %g +- %g", value, expected, tolerance);
}

static void read_noise_has_its_variance(void **state)
{
    (void)state;
    const double range = 31, codes = 1.0 / 12;
    for (int transposed = 0; transposed < 2; transposed++)
        for (int active = 2; active <= 64; active *= 4) {
            moments m = read_slice0("read_noise=0.02", 3, transposed, active);
            double sigma = sqrt(0.02 * 0.02 * range * range * active + codes);
            near(moments_mean(&m), 0, 5 * sigma / sqrt(m.count));
            near(moments_deviation(&m), sigma, 5 * sigma / sqrt(2 * m.count));
        }
    /* relative: sigma of a cell is 0.02 of its conductance, level 3 + 16 over an offset of 31/9 */
    moments m = read_slice0("read_noise_relative=0.02,on_off_ratio=10", 3, false, 64);
    double cell = 0.02 * (3 + 16 + range / 9);
    double sigma = sqrt(cell * cell * 64 + codes);
    near(moments_deviation(&m), sigma, 5 * sigma / sqrt(2 * m.count));
    near(moments_mean(&m), 0, 5 * sigma / sqrt(m.count));
}

/* G = G0 (t / t0)^-nu of cell and reference: digits shrink by that factor, before the ADC rounds. */
static void drift_shrinks_digits(void **state)
{
    (void)state;
    static const double factor = 0.63095734448; /* 100^-0.1 */
    const char *knobs = "drift_exponent=0.1,drift_time=100,on_off_ratio=5";
    cells *c = cells_new(&crossbar_scalar, OPA_STREAM, 8, 8, knobs, 1);
    int16_t *digits = ARENA_ARRAY(c->memory, int16_t, cells_count(c)), in[8];
    int64_t out[8];
    for (int k = 0; k < 64; k++)
        digits[k] = (int16_t)(k % 8 - 4);
    crossbar_write_digits(c->x, digits);
    for (int i = 0; i < 8; i++)
        in[i] = 1;
    crossbar_mvm(c->x, in, out);
    for (int j = 0; j < 8; j++)
        assert_int_equal(out[j], (int)floor(8 * (j - 4) * factor + 0.5));
    cells_free(c);
}

/* By the simulated clock: nothing before drift_start, and a write starts anew. */
static void drift_follows_the_clock(void **state)
{
    (void)state;
    cells *c = cells_new(&crossbar_scalar, OPA_STREAM, 8, 8,
                         "drift_exponent=0.5,drift_start=0.001", 1);
    int16_t in[8], row[8] = {0}, col[8] = {0};
    int64_t out[8];
    for (int i = 0; i < 8; i++) {
        crossbar_write(c->x, i, 0, 4);
        crossbar_write(c->x, i, 1, 4);
        in[i] = 1;
        row[i] = 1;
    }
    crossbar_mvm(c->x, in, out);
    assert_int_equal(out[0], 32);
    device_time(c->x, 0.001);
    crossbar_mvm(c->x, in, out);
    assert_int_equal(out[0], 32);
    device_time(c->x, 0.004);
    crossbar_mvm(c->x, in, out);
    assert_int_equal(out[0], 16);
    col[0] = 2; /* 4, drifted to 2, and 2 more: from now on */
    crossbar_opa(c->x, row, col);
    crossbar_commit(c->x);
    crossbar_mvm(c->x, in, out);
    assert_int_equal(out[0], 32);
    assert_int_equal(out[1], 16);
    device_time(c->x, 0.016);
    crossbar_mvm(c->x, in, out);
    assert_int_equal(out[0], (int)floor(32 * sqrt(1.0 / 12) + 0.5));
    assert_int_equal(out[1], 8);
    cells_free(c);
}

/* The exponents of single cells, from what a cell at the top shows after a decade. */
static void drift_spreads(void **state)
{
    (void)state;
    cells *c = cells_new(&crossbar_scalar, OPA_STREAM, 64, 64,
                         "drift_exponent=0.1,drift_spread=0.01,drift_time=10", 1);
    random_state r = random_from(1, 1);
    moments m = {0};
    cells_fill(c, &r);
    for (size_t k = 0; k < 64 * 64; k++) {
        double level = c->x->now.level[k] * 0x1p-16 + 16, digit = device_digit(c->x, &c->x->now, 0, k);
        if (level > 8)
            moments_add(&m, -log10((digit + 16 * pow(10, -0.1)) / level));
    }
    near(moments_mean(&m), 0.1, 0.001);
    near(moments_deviation(&m), 0.01, 0.0006);
    cells_free(c);
}

static void normal_numbers(void **state)
{
    (void)state;
    /* inversion: the share below v is what the distribution says, far into both tails */
    for (double v = -8; v <= 8; v += 0.37) {
        double share = 0.5 * erfc(-v / sqrt(2));
        if (share < 1e-9 || share > 1 - 1e-9) /* there 53 bits are a coarse grid */
            continue;
        uint64_t bits = (uint64_t)llrint((share - 0x1p-54) * 0x1p53) << 11;
        near(device_normal(bits), v, 1e-6 * (1 + fabs(v)));
    }
    moments m = {0};
    double fourth = 0;
    random_state r = random_from(2, 2);
    for (int n = 0; n < 200000; n++) {
        double v = device_normal(random_next(&r));
        moments_add(&m, v);
        fourth += v * v * v * v;
    }
    near(moments_mean(&m), 0, 0.01);
    near(moments_deviation(&m), 1, 0.008);
    near(fourth / m.count, 3, 0.1);
    assert_true(isfinite(device_normal(0)) && isfinite(device_normal(UINT64_MAX)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_off_is_adc),
        cmocka_unit_test(results_do_not_depend_on_the_kernel),
        cmocka_unit_test(vectors_at_once),
        cmocka_unit_test(read_noise_has_its_variance),
        cmocka_unit_test(drift_shrinks_digits),
        cmocka_unit_test(drift_follows_the_clock),
        cmocka_unit_test(drift_spreads),
        cmocka_unit_test(normal_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
