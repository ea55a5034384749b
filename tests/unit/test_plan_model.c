/* Networks from programs, chips from files, and the checker's own words. */
#include "plan_fixture.h"

#include "passes/plan/check.h"

static plan_network *of(plan_fixture *f, const char *text)
{
    return plan_of_text(f, "test.pan", text, strlen(text));
}

/* The errors so far, printed and forgotten. */
static void expect_error(plan_fixture *f, const char *part)
{
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    diag_print(f->d, out, false);
    fclose(out);
    if (!strstr(text, part))
        fail_msg("no '%s' in: %s", part, text);
    free(text);
}

static void residual(void **state)
{
    (void)state;
    plan_fixture f = plan_begin();
    plan_network *n = of(&f, "network n(image: map[3, 8, 8]) -> vec[5] {\n"
                             "    x = max_pool(relu(conv2d(image, 4, 3, padding = 1)), 2)\n"
                             "    y = relu(conv2d(x, 4, 3, padding = 1, bias = false))\n"
                             "    z = conv2d(x, 4, 1)\n"
                             "    return dense(flatten(avg_pool(relu(y + z + x), 2)), 5)\n}\n");
    assert_non_null(n);
    assert_int_equal(n->count, 4);
    const plan_layer *l = n->layers;
    assert_int_equal(l[0].rows, 28);
    assert_true(l[0].bias && !l[1].bias);
    assert_int_equal(l[0].pool.kernel[0], 2);
    assert_int_equal(l[1].inputs[0].from, 0);
    assert_int_equal(l[1].in_map[0], 4);
    assert_int_equal(l[2].conv.kernel[0], 1);
    assert_int_equal(l[3].kind, PLAN_DENSE);
    assert_int_equal(l[3].conv.kernel[1], 2); /* the map behind the last pool */
    assert_int_equal(l[3].in, 4);
    assert_int_equal(l[3].rows, 17);
    assert_int_equal(l[3].input_count, 3);
    assert_int_equal(l[3].inputs[0].from, 2);
    assert_int_equal(l[3].inputs[2].from, 0);
    assert_int_equal(l[3].inputs[2].pool.stride[0], 4); /* both pools joined */
    plan_network *chain = plan_network_chain(f.memory, n);
    assert_int_equal(chain->count, 3);
    assert_null(plan_network_check(f.memory, chain));
    assert_int_equal(plan_network_convs(f.memory, n)->count, 3);
    plan_end(&f);
}

static void groups(void **state)
{
    (void)state;
    plan_fixture f = plan_begin();
    plan_network *n = of(&f, "network n(image: map[8, 6, 6]) -> vec[3] {\n"
                             "    x = relu(conv2d(image, 16, 3, groups = 4, bias = false))\n"
                             "    return dense(global_avg_pool(x), 3, bias = false)\n}\n");
    assert_non_null(n);
    assert_int_equal(n->count, 2);
    assert_int_equal(n->layers[0].groups, 4);
    assert_int_equal(n->layers[0].in, 8);
    assert_int_equal(n->layers[0].out, 16);
    assert_int_equal(n->layers[0].rows, 18);
    assert_int_equal(n->layers[0].weights, 18 * 16);
    assert_int_equal(n->layers[1].inputs[0].pool.kernel[0], 4);
    assert_int_equal(n->layers[1].rows, 16);
    plan_chip *c = plan_example_chip(&f, "isaac_like");
    assert_int_equal(plan_chip_set(c, &n->layers[0], false), 1); /* along the diagonal */
    c->rows = 40;
    assert_int_equal(plan_chip_set(c, &n->layers[0], false), 2);
    assert_int_equal(plan_chip_set(c, &n->layers[0], true), 2);
    plan_end(&f);
}

static void refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *part;
    } rows[] = {
        {"param W: matrix[4, 4]\nnetwork n(x: vec[4]) -> vec[4] { return W @ (W @ x) }\n",
         "'W' used twice"},
        {"network n(x: vec[4]) -> vec[4] { return relu(x) }\n", "no layer with weights"},
        {"param W: matrix[4, 6]\nnetwork n(x: vec[4]) -> vec[6] { return W.T @ x }\n", "'mtvm'"},
        {"kernel k(x: vec[4]) -> vec[4] { return x }\n", "has no network"},
        {"network n(x: vec[16]) -> vec[2] {\n"
         "    return dense(flatten(conv2d(reshape(dense(x, 16), 1, 4, 4), 2, 3)), 2)\n}\n",
         "a vector that becomes a map"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        plan_fixture f = plan_begin();
        assert_null(of(&f, rows[i].text));
        expect_error(&f, rows[i].part);
        plan_end(&f);
    }
}

/* Sizes of the standard networks, from their papers: weights (without biases) and products. */
static void standard(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t layers;
        int64_t weights, macs;
    } rows[] = {{"vgg_a", 11, 132851392, 7609090048},   {"vgg_d", 16, 138344128, 15470264320},
                {"vgg_e", 19, 143652544, 19632062464},  {"resnet18", 21, 11678912, 1814073344},
                {"resnet34", 37, 21779648, 3663761408}, {"mobilenet", 28, 4209088, 568740352}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        plan_fixture f = plan_begin();
        plan_network *n = plan_example(&f, rows[i].name);
        assert_int_equal(n->count, rows[i].layers);
        assert_int_equal(plan_network_weights(n), rows[i].weights);
        assert_int_equal(plan_network_macs(n), rows[i].macs);
        plan_end(&f);
    }
}

/* ---- chips ---- */

static const char *const chips[] = {"isaac", "isaac_like", "peng", "hubpa", "tenants1", "tenants2"};

static void chip_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof chips / sizeof *chips; i++) {
        plan_fixture f = plan_begin();
        plan_chip *c = plan_example_chip(&f, chips[i]);
        char *text = NULL, *again = NULL;
        size_t length, second;
        FILE *out = open_memstream(&text, &length);
        plan_chip_print(c, out);
        fclose(out);
        plan_chip *read = plan_chip_parse(f.memory, f.d, "again", text, length);
        assert_non_null(read);
        out = open_memstream(&again, &second);
        plan_chip_print(read, out);
        fclose(out);
        assert_string_equal(text, again);
        free(text);
        free(again);
        plan_end(&f);
    }
}

/* Sums of Table II of the multi-tenant paper, which isaac.yaml has. */
static void isaac_power(void **state)
{
    (void)state;
    plan_fixture f = plan_begin();
    plan_chip *c = plan_example_chip(&f, "isaac");
    double tile = 0, pe = 0;
    for (size_t i = 0; i < c->part_count; i++) {
        double count = c->parts[i].count > 0 ? c->parts[i].count : 1;
        *(strcmp(c->parts[i].level, "tile") == 0 ? &tile : &pe) += count * c->parts[i].power_mw;
    }
    assert_true(fabs(tile - 40.86) < 1e-9 && fabs(12 * pe - 288.96) < 1e-9);
    assert_true(fabs(tile + 12 * pe - c->tile_mw) < 0.5);
    assert_int_equal(plan_chip_total(c), 16128);
    assert_int_equal(plan_chip_total(plan_example_chip(&f, "tenants2")), 36864);
    plan_end(&f);
}

static int32_t draw(random_state *r, int32_t low, int32_t high)
{
    return low + (int32_t)random_below(r, (uint64_t)(high - low + 1));
}

/* Files with bytes lost or changed: an error or a chip that passes its check, never a crash. */
static void damaged_chips(void **state)
{
    (void)state;
    random_state r = random_from(5, 0);
    for (int i = 0; i < 600; i++) {
        plan_fixture f = plan_begin();
        const char *error, *name = chips[draw(&r, 0, 5)];
        size_t length;
        char *text = file_read(
            f.memory,
            arena_printf(f.memory, PANTHER_SOURCE_DIR "/examples/machines/plan/%s.yaml", name),
            1 << 20, &length, &error);
        for (int k = draw(&r, 1, 4); k > 0; k--)
            text[random_below(&r, length)] = " :{}[]\"0-9a#,.\n\t&*"[draw(&r, 0, 17)];
        if (draw(&r, 0, 2) == 0)
            length = (size_t)random_below(&r, length);
        plan_chip *c = plan_chip_parse(f.memory, f.d, "damaged.yaml", text, length);
        assert_true(c ? plan_chip_check(f.memory, c) == NULL : diag_errors(f.d) > 0);
        expect_error(&f, "");
        plan_end(&f);
    }
}

/* ---- the checker ---- */

static plan_layout two_parts(const plan_network *const *n, const plan_chip *c, plan_place *at)
{
    at[0] = (plan_place){.rows = 100, .columns = 64, .copies = 1, .first = 0, .count = 1};
    at[1] =
        (plan_place){.row0 = 100, .rows = 28, .columns = 64, .copies = 1, .first = 1, .count = 1};
    return (plan_layout){.method = "test",
                         .chip = c,
                         .networks = n,
                         .network_count = 1,
                         .places = at,
                         .place_count = 2,
                         .rounds = 2};
}

static void parts(void **state)
{
    (void)state;
    plan_fixture f = plan_begin();
    const plan_network *n = of(&f, "network n(x: vec[128]) -> vec[64] {\n"
                                   "    return dense(x, 64, bias = false)\n}\n");
    plan_place at[3];
    plan_layout p = two_parts(&n, plan_example_chip(&f, "isaac_like"), at);
    assert_null(plan_check(f.memory, &p));
    at[1].first = 0;
    assert_non_null(strstr(plan_check(f.memory, &p), "shares crossbar 0"));
    at[1].round = 1; /* the same crossbar, another round */
    assert_null(plan_check(f.memory, &p));
    at[1].rows = 27;
    assert_non_null(strstr(plan_check(f.memory, &p), "lacks weights"));
    at[1].row0 = 99;
    at[1].rows = 29; /* weights twice in different rounds are no error */
    assert_null(plan_check(f.memory, &p));
    at[1].round = 0;
    at[1].first = 1;
    assert_non_null(strstr(plan_check(f.memory, &p), "in two parts"));
    p = two_parts(&n, p.chip, at);
    at[1].copies = 2; /* 28 x 64: two lie along the diagonal of 128 x 128 */
    assert_null(plan_check(f.memory, &p));
    at[1].copies = 3;
    assert_non_null(strstr(plan_check(f.memory, &p), "for 3 copies"));
    p.place_count = 0;
    assert_non_null(strstr(plan_check(f.memory, &p), "is not placed"));
    plan_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(residual),      cmocka_unit_test(groups),    cmocka_unit_test(refused),
        cmocka_unit_test(standard),      cmocka_unit_test(chip_text), cmocka_unit_test(isaac_power),
        cmocka_unit_test(damaged_chips), cmocka_unit_test(parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
