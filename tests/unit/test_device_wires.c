/* IR drop: the first-order model against the network of wires, and the network against theory. */
#include "device_fixture.h"
#include "emulator/crossbar/wires.h"

enum { SIDE = 32 };

static double drop_of(int rows, int columns, const double *g, double ratio)
{
    double a[SIDE * SIDE], least = 1;
    wires_attenuation(rows, columns, g, ratio, a);
    for (int k = 0; k < rows * columns; k++)
        least = a[k] < least ? a[k] : least;
    return 1 - least;
}

/*
 * Each G' of the network, by driving one row at a time. The bound: with d the largest 1 - a_ij of the
 * array, every G'_ij of the model is within d^2 / 4 of the network's, in conductances of the top level.
 */
static double worst_error(random_state *r, int rows, int columns, double ratio, double *drop)
{
    double g[SIDE * SIDE] = {0}, a[SIDE * SIDE], volts[SIDE], amps[SIDE], worst = 0;
    for (int k = 0; k < rows * columns; k++)
        g[k] = 0.05 + 0.95 * random_unit(r);
    wires_attenuation(rows, columns, g, ratio, a);
    *drop = drop_of(rows, columns, g, ratio);
    for (int i = 0; i < rows; i++) {
        memset(volts, 0, sizeof volts);
        volts[i] = 1;
        assert_true(wires_solve(rows, columns, g, ratio, volts, amps));
        for (int j = 0; j < columns; j++) {
            double error = fabs(amps[j] - a[i * columns + j] * g[i * columns + j]);
            worst = error > worst ? error : worst;
        }
    }
    return worst;
}

static void first_order_is_within_its_bound(void **state)
{
    static const int sides[] = {8, 16, 32};
    (void)state;
    random_state r = random_from(20261122, 1);
    for (int n = 0; n < 3; n++)
        for (double ratio = 1e-6; ratio < 1e-3; ratio *= 3) {
            double drop, error = worst_error(&r, sides[n], sides[n], ratio, &drop);
            print_message("%dx%d ratio %.1e: largest drop %.2e, error %.2e (%.2f drop^2)\n",
                          sides[n], sides[n], ratio, drop, error, error / drop / drop);
            assert_true(error <= drop * drop / 4);
        }
    double drop, error = worst_error(&r, 8, 32, 1e-4, &drop);
    assert_true(error <= drop * drop / 4);
    error = worst_error(&r, 32, 8, 1e-4, &drop);
    assert_true(error <= drop * drop / 4);
}

/* One cell is three resistors in a row. */
static void one_cell(void **state)
{
    (void)state;
    double g = 0.4, ratio = 0.1, volts = 2, amps, a;
    assert_true(wires_solve(1, 1, &g, ratio, &volts, &amps));
    assert_true(fabs(amps - 2 / (1 / 0.4 + 0.2)) < 1e-12);
    wires_attenuation(1, 1, &g, ratio, &a);
    assert_true(fabs(a * g * volts - amps) < 1e-12); /* exact here */
}

/* Currents into all columns and out of all drivers agree (Kirchhoff), signs included. */
static void network_is_linear(void **state)
{
    (void)state;
    random_state r = random_from(5, 1);
    double g[SIDE * SIDE], volts[3][SIDE], amps[3][SIDE];
    for (int k = 0; k < SIDE * SIDE; k++)
        g[k] = random_unit(&r);
    for (int i = 0; i < SIDE; i++) {
        volts[0][i] = (double)random_below(&r, 3) - 1;
        volts[1][i] = random_unit(&r);
        volts[2][i] = 2 * volts[0][i] - 3 * volts[1][i];
    }
    for (int k = 0; k < 3; k++)
        assert_true(wires_solve(SIDE, SIDE, g, 1e-3, volts[k], amps[k]));
    for (int j = 0; j < SIDE; j++)
        assert_true(fabs(amps[2][j] - 2 * amps[0][j] + 3 * amps[1][j]) < 1e-9);
}

/*
 * Reciprocity, which is why MVM and MTVM share their attenuations: the array turned over its
 * diagonal, with drivers where the sensors were, has the same G'. The mirrored network has its
 * drivers at the far end, so rows and columns are reversed as well.
 */
static void network_is_reciprocal(void **state)
{
    enum { ROWS = 9, COLUMNS = 14 };
    (void)state;
    random_state r = random_from(6, 1);
    double g[ROWS * COLUMNS], turned[ROWS * COLUMNS], volts[SIDE], amps[SIDE];
    double there[ROWS][COLUMNS], a[ROWS * COLUMNS], b[ROWS * COLUMNS];
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < COLUMNS; j++)
            turned[(COLUMNS - 1 - j) * ROWS + ROWS - 1 - i] = g[i * COLUMNS + j] = random_unit(&r);
    for (int i = 0; i < ROWS; i++) {
        memset(volts, 0, sizeof volts);
        volts[i] = 1;
        assert_true(wires_solve(ROWS, COLUMNS, g, 1e-2, volts, there[i]));
    }
    for (int j = 0; j < COLUMNS; j++) {
        memset(volts, 0, sizeof volts);
        volts[COLUMNS - 1 - j] = 1;
        assert_true(wires_solve(COLUMNS, ROWS, turned, 1e-2, volts, amps));
        for (int i = 0; i < ROWS; i++)
            assert_true(fabs(amps[ROWS - 1 - i] - there[i][j]) < 1e-10);
    }
    wires_attenuation(ROWS, COLUMNS, g, 1e-2, a);
    wires_attenuation(COLUMNS, ROWS, turned, 1e-2, b);
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < COLUMNS; j++)
            assert_true(fabs(a[i * COLUMNS + j] - b[(COLUMNS - 1 - j) * ROWS + ROWS - 1 - i]) <
                        1e-12);
}

/* A crossbar's MVM with wires is the attenuated digits, rounded by the ADC. */
static void products_use_the_model(void **state)
{
    (void)state;
    cells *c = cells_new(&crossbar_scalar, OPA_STREAM, SIDE, SIDE, "wire_ohm=5,on_ohm=1e4", 1);
    random_state r = random_from(7, 1);
    double g[SIDE * SIDE], a[SIDE * SIDE];
    int16_t in[SIDE];
    int64_t out[SIDE], back[SIDE];
    cells_fill(c, &r);
    for (int k = 0; k < SIDE * SIDE; k++)
        g[k] = (cells_level(c, 0, k / SIDE, k % SIDE) + 16) / 31;
    wires_attenuation(SIDE, SIDE, g, 5e-4, a);
    c->format.slices = 1;
    for (int i = 0; i < SIDE; i++)
        in[i] = (int16_t)((int)random_below(&r, 3) - 1);
    crossbar_mvm(c->x, in, out);
    crossbar_mtvm(c->x, in, back);
    for (int j = 0; j < SIDE; j++) {
        double mvm = 0, mtvm = 0;
        for (int i = 0; i < SIDE; i++) {
            mvm += in[i] * a[i * SIDE + j] * cells_level(c, 0, i, j);
            mtvm += in[i] * a[j * SIDE + i] * cells_level(c, 0, j, i);
        }
        assert_true(fabs((double)out[j] - mvm) < 0.51 && fabs((double)back[j] - mtvm) < 0.51);
    }
    cells_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_order_is_within_its_bound), cmocka_unit_test(one_cell),
        cmocka_unit_test(network_is_linear),               cmocka_unit_test(network_is_reciprocal),
        cmocka_unit_test(products_use_the_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
