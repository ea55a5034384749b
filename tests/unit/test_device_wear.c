/* Wear: writes and full switches counted by hand, with ideal and with disturbed cells. */
#include "device_fixture.h"
#include "emulator/crossbar/wear.h"

static void update(cells *c, int row, int col)
{
    int16_t rows[4] = {(int16_t)row, 0, 0, 0}, cols[4] = {(int16_t)col, (int16_t)-col, 0, 0};
    crossbar_opa(c->x, rows, cols);
}

static slice_wear figures(const cells *c, int s)
{
    slice_wear all[SLICES_MAX] = {{0}};
    wear_collect(c->x, all);
    return all[s];
}

/*
 * 4 x 4 cells, slice 0 from -16 to 15. +5 and -5, then again +5 and -5 and +20 and -20 (5 * 4 = 20 =
 * 4 + 1 * 16: slice 0 gets 4, slice 1 gets 1), each an outer product of its own.
 */
static void count_by_hand(const crossbar_kernel *kernel, const char *knobs)
{
    cells *c = cells_new(kernel, OPA_DIGIT, 4, 4, knobs, 1);
    wear_attach(c->memory, c->x);
    crossbar_write(c->x, 3, 3, 123456); /* first weights are no wear */
    update(c, 1, 5);
    crossbar_commit(c->x);
    slice_wear w = figures(c, 0);
    assert_int_equal(w.cells, 16);
    assert_int_equal(w.writes, 2);
    assert_true(w.switches == 10.0 / 31 && w.most_switches == 5.0 / 31);
    update(c, 1, 5);
    update(c, 4, 5);
    crossbar_commit(c->x);
    w = figures(c, 0); /* 10, then 14; -10, then -14 */
    assert_int_equal(w.writes, 6);
    assert_int_equal(w.most_writes, 3);
    assert_true(fabs(w.switches - 28.0 / 31) < 1e-12);
    assert_int_equal(figures(c, 1).writes, 2);
    update(c, 1, 5);
    crossbar_commit(c->x);
    w = figures(c, 0); /* only 1 and 2 up to the limits */
    assert_true(fabs(w.switches - 31.0 / 31) < 1e-12);
    assert_true(fabs(w.most_switches - 16.0 / 31) < 1e-12);
    /* resolution: 31 = 16 + 15 -> 2 * 16 - 1: slice 0 moves by 16; -32 = -2 * 16: also by 16 */
    crossbar_crs(c->x);
    w = figures(c, 0);
    assert_int_equal(w.writes, 10);
    assert_true(fabs(w.switches - 63.0 / 31) < 1e-12);
    w = figures(c, 1);
    assert_int_equal(w.writes, 4);
    assert_true(fabs(w.switches - 4.0 / 31) < 1e-12);
    cells_free(c);
}

static void wear_by_hand(void **state)
{
    (void)state;
    for (int k = 0; k < crossbar_kernel_count; k++)
        if (crossbar_kernels[k]->available())
            count_by_hand(crossbar_kernels[k], "");
    count_by_hand(&crossbar_scalar, "stuck_low=1e-9"); /* cells with levels, but none is stuck */
}

/* Counting changes nothing, whatever the log holds; dropped updates are no wear afterwards. */
static void counting_is_silent(void **state)
{
    (void)state;
    for (int mode = 0; mode < OPA_IDEAL; mode++) {
        cells *a = cells_new(&crossbar_scalar, (opa_mode)mode, 20, 20, "", 1);
        cells *b = cells_new(&crossbar_scalar, (opa_mode)mode, 20, 20, "", 1);
        random_state r = random_from(4, 4), again = r;
        int16_t row[20], col[20];
        wear_attach(b->memory, b->x);
        cells_fill(a, &r);
        cells_fill(b, &again);
        for (int n = 0; n < 2 * CROSSBAR_LOG + 9; n++) {
            cells_operand(&r, row, 20, 4000);
            cells_operand(&r, col, 20, 4000);
            crossbar_opa(a->x, row, col);
            crossbar_opa(b->x, row, col);
        }
        crossbar_commit(a->x);
        crossbar_commit(b->x);
        assert_memory_equal(cells_digits(a), cells_digits(b), cells_count(a) * sizeof(int16_t));
        uint64_t writes = figures(b, 0).writes;
        assert_true(writes > 0);
        for (int n = 0; n < 2 * CROSSBAR_LOG; n++)
            crossbar_opa(b->x, row, col);
        crossbar_discard(b->x);
        writes = figures(b, 0).writes;
        crossbar_crs(b->x);
        crossbar_crs(b->x);
        slice_wear once = figures(b, 0);
        assert_true(once.writes <= writes + 400);
        crossbar_crs(b->x); /* canonical digits stay */
        assert_int_equal(figures(b, 0).writes, once.writes);
        cells_free(a);
        cells_free(b);
    }
}

/* The paper's assumption, 5 % of the range per batch of 64, gives its "about 6 years". */
static void lifetime_of_the_paper(void **state)
{
    (void)state;
    double years = wear_lifetime_years(1e9, 0.05 / 64);
    assert_true(fabs(years - 6.4) < 1e-9);
    assert_true(isinf(wear_lifetime_years(1e9, 0)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wear_by_hand),
        cmocka_unit_test(counting_is_silent),
        cmocka_unit_test(lifetime_of_the_paper),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
