/*
 * Weight mapping: the paper's Table I and pipeline, traffic by counting pixels, what places
 * compute.
 */
#include "plan_random.h"

#include "passes/plan/check.h"
#include "passes/plan/mapping.h"

/* The 33 convolutions of the longest chain and the dense layer: Table I. */
static plan_network *table1(plan_fixture *f)
{
    plan_network *n = plan_network_chain(f->memory, plan_example(f, "resnet34_peng"));
    assert_null(plan_network_check(f->memory, n));
    assert_int_equal(n->count, 34);
    return n;
}

static void units(void **state)
{
    (void)state;
    /* Up to this layer (from 1): PEs and duplication as printed. */
    static const struct {
        size_t last;
        int64_t pes, copies;
    } printed[] = {{1, 1, 8},  {7, 9, 32}, {15, 9, 16}, {16, 9, 8},
                   {27, 9, 4}, {28, 9, 2}, {33, 9, 1},  {34, 16, 1}};
    plan_fixture f = plan_begin();
    plan_network *n = table1(&f);
    plan_chip *c = plan_example_chip(&f, "peng");
    mapping_plan *p = mapping_for_stage(f.memory, c, n, MAPPING_HYBRID, 1 << 20);
    size_t row = 0;
    for (size_t i = 0; i < n->count; i++) {
        row += i + 1 > printed[row].last;
        assert_int_equal(p->layers[i].unit.pes, printed[row].pes);
        assert_int_equal(p->layers[i].unit.copies, printed[row].copies);
    }
    mapping_unit split = mapping_unit_of(c, &n->layers[0], MAPPING_SPLIT);
    assert_int_equal(split.pes, 49);
    assert_int_equal(split.copies, 32);
    assert_true(fabs(split.efficiency - 0.0234) < 1e-4);
    assert_true(fabs(p->layers[0].unit.efficiency - 0.2871) < 1e-4);
    assert_int_equal(plan_network_macs(n), 3648077824);
    plan_end(&f);
}

static void pipeline(void **state)
{
    (void)state;
    plan_fixture f = plan_begin();
    const plan_network *n = table1(&f);
    plan_chip *c = plan_example_chip(&f, "peng");
    mapping_plan *p = mapping_shortest(f.memory, c, n, MAPPING_HYBRID);
    assert_int_equal(p->total, 390);
    assert_int_equal(p->pes, 390);
    assert_int_equal(p->stage, 49);
    assert_int_equal(p->single_pes, 305);
    assert_int_equal(p->serial_cycles, 40279);
    assert_int_equal(p->serial_repeated, 3383);
    assert_null(plan_check(f.memory, mapping_layout(f.memory, p, &n)));
    mapping_plan *mixed = mapping_for_stage(f.memory, c, n, MAPPING_MIXED, 49);
    assert_int_equal(mixed->stage, 49);
    assert_int_equal(mixed->pes, 378);
    assert_null(plan_check(f.memory, mapping_layout(f.memory, mixed, &n)));
    assert_true(mapping_stage_bound(c, n) <= 49);
    c->tiles = 1559; /* one PE less: not in 49 cycles any more */
    assert_true(mapping_shortest(f.memory, c, n, MAPPING_HYBRID)->stage > 49);
    c->tiles = 304 * 4;
    assert_null(mapping_shortest(f.memory, c, n, MAPPING_HYBRID));
    plan_end(&f);
}

static void traffic(void **state)
{
    (void)state;
    plan_fixture f = plan_begin();
    plan_network *n = table1(&f);
    mapping_traffic sum = {0};
    for (size_t i = 1; i < 33; i++) {
        mapping_traffic t = mapping_traffic_of(&n->layers[i], 8);
        sum.naive += t.naive;
        sum.raster += t.raster;
        sum.snake += t.snake;
        sum.steady += t.steady;
    }
    assert_int_equal(sum.naive, 192374784);
    assert_int_equal(sum.raster, 71350272);
    assert_int_equal(sum.snake, 66562560);
    assert_int_equal(sum.steady, 66232320);
    plan_end(&f);
}

/* Pixels of the window at `to` that the one at `from` did not have. */
static int64_t fresh(const plan_layer *l, const int64_t from[2], const int64_t to[2])
{
    int64_t count = 0;
    for (int64_t y = 0; y < l->conv.kernel[0]; y++)
        for (int64_t x = 0; x < l->conv.kernel[1]; x++) {
            int64_t dy = to[0] * l->conv.stride[0] + y - from[0] * l->conv.stride[0];
            int64_t dx = to[1] * l->conv.stride[1] + x - from[1] * l->conv.stride[1];
            count += dy < 0 || dx < 0 || dy >= l->conv.kernel[0] || dx >= l->conv.kernel[1];
        }
    return count;
}

/* Bits of a walk over all windows, row by row; snake: every other row backwards. */
static int64_t walk(const plan_layer *l, bool snake)
{
    int64_t pixels = (int64_t)l->conv.kernel[0] * l->conv.kernel[1], at[2], before[2] = {0, 0};
    for (int64_t i = 1; i < l->positions; i++) {
        at[0] = i / l->out_map[1];
        at[1] = i % l->out_map[1];
        if (snake && at[0] % 2)
            at[1] = l->out_map[1] - 1 - at[1];
        pixels += !snake && at[1] == 0 ? (int64_t)l->conv.kernel[0] * l->conv.kernel[1]
                                       : fresh(l, before, at);
        memcpy(before, at, sizeof at);
    }
    return pixels * l->in * 8;
}

static void traffic_counted(void **state)
{
    (void)state;
    random_state r = random_from(11, 0);
    for (int i = 0; i < 300; i++) {
        plan_fixture f = plan_begin();
        plan_network *n = draw_network(f.memory, &r, 4, 12, false);
        for (size_t k = 0; k < n->count; k++) {
            mapping_traffic t = mapping_traffic_of(&n->layers[k], 8);
            assert_int_equal(t.raster, walk(&n->layers[k], false));
            assert_int_equal(t.snake, walk(&n->layers[k], true));
        }
        plan_end(&f);
    }
}

static void costs(void **state)
{
    (void)state;
    plan_fixture f = plan_begin();
    plan_network *n = table1(&f);
    plan_chip *c = plan_example_chip(&f, "peng");
    mapping_plan *p = mapping_shortest(f.memory, c, n, MAPPING_HYBRID);
    mapping_costs k;
    assert_null(mapping_cost(f.memory, p, false, &k));
    assert_true(fabs(k.pe_area - 198.12) < 0.005 && fabs(k.area - 249.03) < 0.005);
    assert_true(fabs(k.pe_op_nj - 25.04) < 0.005);
    assert_true(fabs(k.peak_tops_w - 20.94) < 0.005);
    assert_int_equal(k.pe_ops, 17910);
    assert_true(fabs(k.fps_pipelined - 132476) < 132);
    printf("image %.2f + %.2f + %.2f uJ, %.2f TOPS/W\n", k.image_uj, k.traffic_uj, k.accumulate_uj,
           k.tops_w);
    c = plan_example_chip(&f, "isaac_like");
    p = mapping_for_stage(f.memory, c, n, MAPPING_HYBRID, 49);
    assert_non_null(strstr(mapping_cost(f.memory, p, false, &k), "does not state the part"));
    plan_end(&f);
}

/* ---- what the places of a layer compute ---- */

/* A small weight or pixel, from its indices. */
static int64_t number(uint64_t stream, int64_t index)
{
    return (int64_t)(random_mix(stream * 1000003 + (uint64_t)index) % 17) - 8;
}

static int64_t pixel(const plan_layer *l, int64_t y, int64_t x, int64_t channel)
{
    bool inside = y >= 0 && x >= 0 && y < l->in_map[0] && x < l->in_map[1];
    return inside ? number(1, (y * l->in_map[1] + x) * l->in + channel) : 0;
}

/* Input of row `row` of the matrix at an output position. */
static int64_t input_of(const plan_layer *l, int64_t position, int64_t row)
{
    int64_t tap = row / l->in, channel = row % l->in;
    if (tap == (int64_t)l->conv.kernel[0] * l->conv.kernel[1])
        return 1; /* the bias */
    int64_t y = position / l->out_map[1] * l->conv.stride[0] + tap / l->conv.kernel[1];
    int64_t x = position % l->out_map[1] * l->conv.stride[1] + tap % l->conv.kernel[1];
    return pixel(l, y - l->conv.pad[0], x - l->conv.pad[1], channel);
}

static int64_t output_of(const plan_layer *l, const plan_layout *p, size_t layer, int64_t position,
                         int64_t column)
{
    int64_t sum = 0;
    for (size_t i = 0; i < p->place_count; i++) {
        const plan_place *at = &p->places[i];
        if (at->layer != (int32_t)layer || column < at->column0 ||
            column >= at->column0 + at->columns)
            continue;
        for (int64_t row = at->row0; row < at->row0 + at->rows; row++)
            sum += input_of(l, position, row) * number(2, row * l->columns + column);
    }
    return sum;
}

/* Split, unrolled and mixed: the partial sums of the places add up to the same products. */
static void same_results(void **state)
{
    (void)state;
    random_state r = random_from(13, 0);
    for (int i = 0; i < 100; i++) {
        plan_fixture f = plan_begin();
        const plan_network *n = draw_network(f.memory, &r, 2, 6, false);
        plan_chip *c = draw_chip(f.memory, &r);
        c->tiles = 100000;
        plan_layout *all[MAPPING_POLICIES];
        for (int k = 0; k < MAPPING_POLICIES; k++) {
            mapping_plan *p = mapping_for_stage(f.memory, c, n, (mapping_policy)k, draw(&r, 1, 9));
            all[k] = mapping_layout(f.memory, p, &n);
            const char *error = plan_check(f.memory, all[k]);
            if (error)
                fail_msg("%s", error);
        }
        for (size_t l = 0; l < n->count; l++) {
            const plan_layer *at = &n->layers[l];
            int64_t position = draw(&r, 0, (int32_t)at->positions - 1),
                    column = draw(&r, 0, (int32_t)at->columns - 1);
            if (at->groups > 1)
                continue;
            int64_t expected = 0;
            for (int64_t row = 0; row < at->rows; row++)
                expected += input_of(at, position, row) * number(2, row * at->columns + column);
            for (int k = 0; k < MAPPING_POLICIES; k++)
                assert_int_equal(output_of(at, all[k], l, position, column), expected);
        }
        plan_end(&f);
    }
}

/* A shorter stage never takes fewer PEs than a bound allows, and every plan keeps its stage. */
static void random_stages(void **state)
{
    (void)state;
    random_state r = random_from(17, 0);
    int fits = 0;
    for (int i = 0; i < 1000; i++) {
        plan_fixture f = plan_begin();
        const plan_network *n = draw_network(f.memory, &r, draw(&r, 1, 6), 14, true);
        plan_chip *c = draw_chip(f.memory, &r);
        c->tiles *= 20;
        mapping_policy policy = (mapping_policy)draw(&r, 0, MAPPING_POLICIES - 1);
        mapping_plan *p = mapping_shortest(f.memory, c, n, policy);
        if (p) {
            const char *error = plan_check(f.memory, mapping_layout(f.memory, p, &n));
            if (error)
                fail_msg("%s", error);
            assert_true(p->pes <= p->total && p->stage >= mapping_stage_bound(c, n));
            for (size_t k = 0; k < n->count; k++)
                assert_true(p->layers[k].copies * p->stage >= n->layers[k].positions);
            mapping_plan *mixed = mapping_for_stage(f.memory, c, n, MAPPING_MIXED, p->stage);
            assert_true(mixed->pes <= p->pes);
            fits++;
        }
        plan_end(&f);
    }
    assert_true(fits > 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(units),           cmocka_unit_test(pipeline),
        cmocka_unit_test(traffic),         cmocka_unit_test(costs),
        cmocka_unit_test(traffic_counted), cmocka_unit_test(same_results),
        cmocka_unit_test(random_stages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
