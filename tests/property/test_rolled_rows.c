/*
 * The memory that rolled convolutions need, in assembly: a map comes in point by point, into a ring
 * of rows with zero pads on both sides; one core goes over it with a window of 3 x 3 and releases
 * whole rows, pads and all; another one takes rows. Under random delays the values are always those
 * of a plain sum, with one row less it always hangs, and without phases somebody reads old rows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "delays.h"

enum { LANES = 4, WIDTH = 5, HEIGHT = 6, BATCH = 3, SEEDS = 50 };
enum { POINTS = WIDTH * HEIGHT, ROW = WIDTH * LANES, PADDED = ROW + 2 * LANES };
enum { ZEROS = 300, SUMS = 400, COPIES = 420 }; /* addresses; the ring of rows is at 0 */

/* Rows come to the ring; each word has two consumers. */
static const char *receiver(arena *memory, int rows)
{
    return arena_printf(memory,
                        ".preset 0, keep, 0*%d repeat=%d stride=%d\n"
                        ".preset %d, keep, 0*%d repeat=%d stride=%d\n.preset %d, keep, 0*%d\n"
                        ".thread 0\n"
                        "row: sset s1, 0\n  smov s3, s2\n"
                        "next: receive [s3 + %d], %d, 0, 2\n  saddi s3, s3, %d\n"
                        "  saddi s1, s1, 1\n  blt s1, %d, next\n"
                        "  sring s2, %d, %d\n  saddi s4, s4, 1\n  blt s4, %d, row\n  halt\n",
                        LANES, rows, PADDED, PADDED - LANES, LANES, rows, PADDED, ZEROS, PADDED,
                        LANES, LANES, LANES, WIDTH, PADDED, rows * PADDED, HEIGHT * BATCH);
}

/* s20, s21, s22: the rows above, of and below the sum; outside the map s30, a row of zeros. */
static const char *window(arena *memory, int rows)
{
    int ring = rows * PADDED;
    return arena_printf(
        memory,
        ".core 0\n"
        "  sset s30, %d\n  sring s22, %d, %d\n"
        "example: sset s5, 0\n"
        "row: sset s1, 0\n  smov s10, s20\n  smov s11, s21\n  smov s12, s22\n"
        "  bne s5, 0, below\n  smov s10, s30\n"
        "below: blt s5, %d, next\n  smov s12, s30\n"
        "next: peek v0, [s10 + 0], 12\n  peek v12, [s11 + 0], 12\n  peek v24, [s12 + 0], 12\n"
        "  add v0, v0, v12, 12\n  add v0, v0, v24, 12\n  add v0, v0, v4, 4\n  add v0, v0, v8, 4\n"
        "  store [s4 + %d], v0, 4, 1\n  sring s4, 4, 8\n"
        "  saddi s10, s10, 4\n  saddi s11, s11, 4\n  saddi s12, s12, 4\n"
        "  saddi s1, s1, 1\n  blt s1, %d, next\n"
        "  beq s5, 0, last\n  drop [s20 + 0], %d\n"
        "last: blt s5, %d, on\n  drop [s21 + 0], %d\n"
        "on: smov s20, s21\n  sring s21, %d, %d\n  sring s22, %d, %d\n"
        "  saddi s5, s5, 1\n  blt s5, %d, row\n"
        "  saddi s6, s6, 1\n  blt s6, %d, example\n  halt\n",
        ZEROS, PADDED, ring, HEIGHT - 1, SUMS, WIDTH, PADDED, HEIGHT - 1, PADDED, PADDED, ring,
        PADDED, ring, HEIGHT, BATCH);
}

static const char *row_taker(arena *memory, int rows)
{
    return arena_printf(memory,
                        ".core 1\n"
                        "next: load v0, [s2 + %d], %d\n  store [s3 + %d], v0, %d, 1\n"
                        "  sring s2, %d, %d\n  sring s3, %d, %d\n"
                        "  saddi s1, s1, 1\n  blt s1, %d, next\n  halt\n",
                        LANES, ROW, COPIES, ROW, PADDED, rows * PADDED, ROW, 2 * ROW,
                        HEIGHT * BATCH);
}

static const char *sender(arena *memory, int thread, int address, int words, int times)
{
    return arena_printf(memory,
                        ".thread %d\n"
                        "next: send [s3 + %d], %d, host, 0, %d\n  sring s3, %d, %d\n"
                        "  saddi s1, s1, 1\n  blt s1, %d, next\n  halt\n",
                        thread, address, words, thread, words, 2 * words, times);
}

static delay_case rows_case(arena *memory, diag *d, int rows, bool ignore_phases)
{
    const char *text = arena_printf(memory,
                                    ".entry main batch=%d\n"
                                    ".input x elements=%d points=%d\n.packet channel=0 words=%d\n"
                                    ".output sums elements=%d points=%d\n"
                                    ".packet channel=1 words=%d\n"
                                    ".output copies elements=%d\n",
                                    BATCH, LANES * POINTS, POINTS, LANES, LANES * POINTS, POINTS,
                                    LANES, LANES * POINTS);
    for (int y = 0; y < HEIGHT; y++)
        text = arena_printf(memory, "%s.packet channel=2 first=%d words=%d\n", text, y * ROW, ROW);
    text = arena_printf(memory, "%s%s%s%s%s%s", text, receiver(memory, rows),
                        window(memory, rows), row_taker(memory, rows),
                        sender(memory, 1, SUMS, LANES, POINTS * BATCH),
                        sender(memory, 2, COPIES, ROW, HEIGHT * BATCH));
    machine *m = machine_load(memory, d, PANTHER_SOURCE_DIR "/examples/machines/tiny.yaml");
    assert_non_null(m);
    image *im = asm_parse(memory, diag_sources(d), d, "rows.s", text, strlen(text), m);
    diag_print(d, stderr, false);
    assert_non_null(im);
    return (delay_case){.machine = m, .image = im, .seed = 11, .ignore_phases = ignore_phases};
}

static int plain_sum(const int16_t *plane, int y, int x)
{
    int sum = 0;
    for (int i = y > 0 ? y - 1 : 0; i <= y + 1 && i < HEIGHT; i++)
        for (int j = x > 0 ? x - 1 : 0; j <= x + 1 && j < WIDTH; j++)
            sum += plane[i * WIDTH + j];
    return sum;
}

/* Whether a kernel's outputs are the sums and the rows of its input. */
static bool is_right(arena *memory, const delay_case *c, const delay_result *r)
{
    const int16_t *in = delay_inputs(memory, &c->image->entries[0], c->seed)[0];
    const int16_t *sums = (const int16_t *)(const void *)r->bytes;
    const int16_t *copies = sums + BATCH * LANES * POINTS;
    bool right = r->done && r->length == 2 * BATCH * LANES * POINTS * sizeof *in;
    for (int k = 0; right && k < BATCH * LANES * POINTS; k++) {
        int lane = k / POINTS % LANES, q = k % POINTS, example = k / POINTS / LANES;
        const int16_t *plane = in + (k - q);
        right = sums[k] == plain_sum(plane, q / WIDTH, q % WIDTH) &&
                copies[example * LANES * POINTS + q * LANES + lane] == plane[q];
    }
    return right;
}

static void rows_are_right_whatever_the_time(void **state)
{
    (void)state;
    for (int rows = 3; rows <= 5; rows++) {
        arena *memory = arena_new();
        diag *d = diag_new(memory, source_set_new(memory));
        delay_case c = rows_case(memory, d, rows, false);
        delay_result r = delay_run(memory, &c, 0, d);
        diag_print(d, stderr, false);
        assert_true(is_right(memory, &c, &r));
        assert_true(delay_ends(memory, &c, d));
        assert_int_equal(delay_count_changed(&c, &r, SEEDS), 0);
        arena_free(memory);
    }
}

/* The row below is waited for before the row above is released. */
static void two_rows_hang_whatever_the_time(void **state)
{
    (void)state;
    for (uint64_t delays = 0; delays <= SEEDS; delays++) {
        arena *memory = arena_new();
        diag *d = diag_new(memory, source_set_new(memory));
        delay_case c = rows_case(memory, d, 2, false);
        assert_false(delays ? delay_run(memory, &c, delays, d).done : delay_ends(memory, &c, d));
        char *text = NULL;
        size_t length = 0;
        FILE *out = open_memstream(&text, &length);
        diag_print(d, out, false);
        fclose(out);
        assert_non_null(strstr(text, "hangs at cycle"));
        free(text);
        arena_free(memory);
    }
}

static void without_phases_old_rows_are_read(void **state)
{
    (void)state;
    for (int rows = 2; rows <= 5; rows++) {
        int wrong = 0;
        for (uint64_t delays = 0; delays <= SEEDS; delays++) {
            arena *memory = arena_new();
            diag *d = diag_new(memory, source_set_new(memory));
            delay_case c = rows_case(memory, d, rows, true);
            delay_result r = delay_run(memory, &c, delays, d);
            wrong += !is_right(memory, &c, &r);
            arena_free(memory);
        }
        assert_true(wrong > SEEDS / 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_right_whatever_the_time),
        cmocka_unit_test(two_rows_hang_whatever_the_time),
        cmocka_unit_test(without_phases_old_rows_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
