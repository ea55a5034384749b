/*
 * Ops on maps in both interpreters against formulas written out here on padded images: all kernels
 * 1..7, strides 1..3, pads, maps that are not square, several lanes and examples.
 */
#include "isa/support/random.h"
#include "tests/unit/ir_fixture.h"

#include <math.h>

enum { BATCH = 2, EDGE_MAX = 40, LANES_MAX = 4 };

typedef struct geometry {
    int h, w, lanes, k[2], s[2], p[2], h2, w2;
} geometry;

typedef struct trial {
    fixture f;
    geometry g;
    ir_graph *graph;
    ir_op *map, *places, *patches; /* inputs: of (n, y, x), (n, y', x'), and kh*kw*lanes wide */
    ir_op *window, *fold, *pool_max, *unpool, *pool_sum, *spread, *flatten, *unflatten, *total;
    ir_op *tap, *walled, *untap, *running, *final, *pixels, *back, *part, *some, *outputs[2];
    int16_t *out_fixed[2];
    double *out_real[2];
    int16_t *fixed[3];
    double *real[3];
    ir_fixed *in_fixed;
    ir_float *in_float;
} trial;

/* ---- the graph ---- */

static ir_op *port(trial *t, int number, uint32_t lanes, ir_space space, uint8_t q)
{
    ir_op *op = ir_op_new(t->graph, NULL, IR_input, ir_vec(lanes, q), NULL, 0, SOURCE_NOWHERE);
    op->space = space;
    ir_set_int(t->graph, op, IR_ATTR_port, number);
    return op;
}

static ir_op *on_map(trial *t, ir_opcode code, uint32_t lanes, uint8_t q, ir_space space, ir_op *x)
{
    const geometry *g = &t->g;
    ir_op *op = IR_OP(t->graph, code, ir_vec(lanes, q), SOURCE_NOWHERE, x);
    op->space = space;
    if (ir_ops[code].class != IR_CLASS_WINDOW)
        return op;
    ir_set_pair(t->graph, op, IR_ATTR_kernel, g->k[0], g->k[1]);
    ir_set_pair(t->graph, op, IR_ATTR_stride, g->s[0], g->s[1]);
    ir_set_pair(t->graph, op, IR_ATTR_pad, g->p[0], g->p[1]);
    return op;
}

static void add_taps(trial *t, random_state *r, ir_space map, ir_space places)
{
    const geometry *g = &t->g;
    int at[2] = {(int)random_below(r, (uint64_t)g->k[0]), (int)random_below(r, (uint64_t)g->k[1])};
    int words = (g->k[1] - at[1]) * g->lanes, first = (int)random_below(r, (uint64_t)words);
    int lanes = 1 + (int)random_below(r, (uint64_t)(words - first));
    ir_op *made[] = {
        t->tap = on_map(t, IR_tap, (uint32_t)lanes, 9, places, t->map),
        t->walled = on_map(t, IR_tap, (uint32_t)lanes, 9, places, t->map),
        t->untap = on_map(t, IR_untap, (uint32_t)g->lanes, 9, map, t->patches),
    };
    ir_set_int(t->graph, t->walled, IR_ATTR_fill, INT16_MIN);
    for (int i = 0; i < 3; i++) {
        ir_set_pair(t->graph, made[i], IR_ATTR_at, at[0], at[1]);
        ir_set_int(t->graph, made[i], IR_ATTR_first,
                   i < 2 ? first : (at[0] * g->k[1] + at[1]) * g->lanes);
    }
}

/* The vector of a map by pixels, back again in two parts, and lanes out of the middle. */
static void add_vectors(trial *t, random_state *r, ir_space map, ir_space frame)
{
    uint32_t lanes = (uint32_t)t->g.lanes, all = lanes * (uint32_t)(t->g.h * t->g.w);
    uint32_t first = (uint32_t)random_below(r, all), lane = (uint32_t)random_below(r, lanes);
    t->pixels = on_map(t, IR_flatten, all, 9, frame, t->map);
    t->part = on_map(t, IR_flatten, 1 + (uint32_t)random_below(r, all - first), 9, frame, t->map);
    ir_op *low = on_map(t, IR_flatten, first + 1, 9, frame, t->map), *high = NULL;
    if (first + 1 < all)
        high = on_map(t, IR_flatten, all - first - 1, 9, frame, t->map);
    ir_op *vectors[] = {t->pixels, t->part, low, high};
    uint32_t from[] = {0, first, 0, first + 1};
    for (int i = 0; i < (high ? 4 : 3); i++) {
        ir_set_name(t->graph, vectors[i], IR_ATTR_layout, "pixels");
        ir_set_int(t->graph, vectors[i], IR_ATTR_first, from[i]);
    }
    t->back = on_map(t, IR_unflatten, lanes, 9, map, low);
    t->some = on_map(t, IR_unflatten, lanes - lane, 9, map, low);
    for (int i = 0; i < 2; i++) {
        ir_op *op = i ? t->some : t->back;
        if (high)
            ir_op_add_arg(t->graph, op, high);
        op->space = map;
        ir_set_name(t->graph, op, IR_ATTR_layout, "pixels");
    }
    ir_set_int(t->graph, t->some, IR_ATTR_first, lane);
}

/* Two outputs that share a port. */
static void add_outputs(trial *t)
{
    for (int i = 0; i < 2; i++) {
        ir_op *out = ir_op_new(t->graph, NULL, IR_output, ir_no_type, &t->map, 1, SOURCE_NOWHERE);
        ir_set_int(t->graph, out, IR_ATTR_port, 0);
        ir_set_int(t->graph, out, IR_ATTR_first, i * t->g.lanes);
        t->outputs[i] = out;
    }
}

static void make_graph(trial *t, random_state *r)
{
    const geometry *g = &t->g;
    uint32_t lanes = (uint32_t)g->lanes, taps = (uint32_t)(g->k[0] * g->k[1]);
    t->graph = ir_graph_new(t->f.m, "maps");
    uint8_t n = ir_graph_dim(t->graph, "n", BATCH);
    uint8_t y = ir_graph_dim(t->graph, "y1", (uint32_t)g->h);
    uint8_t x = ir_graph_dim(t->graph, "x1", (uint32_t)g->w);
    uint8_t y2 = ir_graph_dim(t->graph, "y2", (uint32_t)g->h2);
    uint8_t x2 = ir_graph_dim(t->graph, "x2", (uint32_t)g->w2);
    ir_space map = {3, {n, y, x}}, places = {3, {n, y2, x2}}, frame = {1, {n}};
    t->map = port(t, 0, lanes, map, 9);
    t->places = port(t, 1, lanes, places, 9);
    t->patches = port(t, 2, taps * lanes, places, 9);
    t->window = on_map(t, IR_window, taps * lanes, 9, places, t->map);
    t->fold = on_map(t, IR_fold, lanes, 9, map, t->patches);
    t->pool_max = on_map(t, IR_pool_max, lanes, 9, places, t->map);
    t->unpool = on_map(t, IR_unpool, lanes, 9, map, t->places);
    ir_op_add_arg(t->graph, t->unpool, t->map);
    ir_op_add_arg(t->graph, t->unpool, t->pool_max);
    t->unpool->space = map;
    t->pool_sum = on_map(t, IR_pool_sum, lanes, 7, places, t->map);
    t->spread = on_map(t, IR_spread, lanes, 10, map, t->places);
    uint32_t all = lanes * (uint32_t)(g->h * g->w);
    t->flatten = on_map(t, IR_flatten, all, 9, frame, t->map);
    t->unflatten = on_map(t, IR_unflatten, lanes, 9, map, t->flatten);
    t->total = on_map(t, IR_total, lanes, 6, frame, t->map);
    t->running = on_map(t, IR_running, lanes, 6, map, t->map);
    t->final = on_map(t, IR_final, lanes, 9, frame, t->map);
    add_taps(t, r, map, places);
    add_vectors(t, r, map, frame);
    add_outputs(t);
}

/* ---- data ---- */

/* Large numbers saturate, small ones tie. */
static int16_t word(random_state *r, bool large)
{
    int64_t v = (int64_t)random_below(r, large ? 65535 : 9);
    return (int16_t)(large ? v - 32767 : v - 4);
}

/* Where the word that is k-th in (example, row, column, lane) order is in the port of a map. */
static size_t port_word(const trial *t, const ir_op *op, size_t k)
{
    size_t lanes = op->type.lanes, pixels = ir_space_points(t->graph, op->space) / BATCH;
    size_t lane = k % lanes, pixel = k / lanes % pixels, example = k / lanes / pixels;
    return (example * lanes + lane) * pixels + pixel;
}

static void make_data(trial *t, random_state *r)
{
    const ir_op *ports[] = {t->map, t->places, t->patches};
    const int16_t *fixed[3];
    const double *real[3];
    for (int i = 0; i < 3; i++) {
        bool large = random_below(r, 2);
        size_t words = ir_space_points(t->graph, ports[i]->space) * ports[i]->type.lanes;
        t->fixed[i] = ARENA_ARRAY(t->f.memory, int16_t, words);
        t->real[i] = ARENA_ARRAY(t->f.memory, double, words);
        int16_t *in = ARENA_ARRAY(t->f.memory, int16_t, words);
        double *in_real = ARENA_ARRAY(t->f.memory, double, words);
        for (size_t k = 0; k < words; k++) {
            size_t at = port_word(t, ports[i], k);
            in[at] = t->fixed[i][k] = word(r, large);
            in_real[at] = t->real[i][k] = t->fixed[i][k];
        }
        fixed[i] = in;
        real[i] = in_real;
    }
    size_t words = 2 * ir_space_points(t->graph, t->map->space) * t->map->type.lanes;
    t->out_fixed[0] = ARENA_ARRAY(t->f.memory, int16_t, words);
    t->out_real[0] = ARENA_ARRAY(t->f.memory, double, words);
    t->in_fixed = ir_fixed_new(t->f.memory, t->f.m, FIDELITY_ADC, 1);
    t->in_float = ir_float_new(t->f.memory, t->f.m, 1);
    ir_fixed_run(t->in_fixed, t->graph, 0, fixed, t->out_fixed);
    ir_float_run(t->in_float, t->graph, 0, real, t->out_real);
}

/* ---- formulas, in either arithmetic ---- */

typedef struct arithmetic {
    bool fixed;
    int from, to; /* formats */
} arithmetic;

static double held(const arithmetic *a, double v)
{
    return !a->fixed ? v : v > 32767 ? 32767 : v < -32767 ? -32767 : v;
}

static double converted(const arithmetic *a, double v)
{
    return a->fixed ? held(a, round(ldexp(v, a->to - a->from))) : v;
}

static double sum_of(const arithmetic *a, double x, double y)
{
    return held(a, x + converted(a, y));
}

/* A map of one example with a border of pads, which `outside` fills. */
typedef struct padded {
    double at[EDGE_MAX][EDGE_MAX][LANES_MAX];
} padded;

static void pad_map(const trial *t, padded *out, const double *map, double outside)
{
    const geometry *g = &t->g;
    for (int y = 0; y < g->h + 2 * g->p[0]; y++)
        for (int x = 0; x < g->w + 2 * g->p[1]; x++)
            for (int c = 0; c < g->lanes; c++) {
                int iy = y - g->p[0], ix = x - g->p[1];
                bool in = iy >= 0 && iy < g->h && ix >= 0 && ix < g->w;
                out->at[y][x][c] = in ? map[(iy * g->w + ix) * g->lanes + c] : outside;
            }
}

static void cut_map(const trial *t, double *map, const padded *from)
{
    const geometry *g = &t->g;
    for (int y = 0; y < g->h; y++)
        for (int x = 0; x < g->w; x++)
            for (int c = 0; c < g->lanes; c++)
                map[(y * g->w + x) * g->lanes + c] = from->at[y + g->p[0]][x + g->p[1]][c];
}

/* Walks output rows, columns, kernel rows, columns; Y and X are the padded image's. */
#define EACH(g)                                                                                    \
    for (int oy = 0; oy < (g)->h2; oy++)                                                           \
        for (int ox = 0; ox < (g)->w2; ox++)                                                       \
            for (int ky = 0; ky < (g)->k[0]; ky++)                                                 \
                for (int kx = 0; kx < (g)->k[1]; kx++)                                             \
                    for (int c = 0, Y = oy * (g)->s[0] + ky, X = ox * (g)->s[1] + kx;              \
                         c < (g)->lanes; c++)
#define PLACE ((oy * g->w2 + ox) * g->lanes + c)
#define PATCH ((((oy * g->w2 + ox) * g->k[0] + ky) * g->k[1] + kx) * g->lanes + c)

static void expect_words(const trial *t, const ir_op *op, bool fixed, int example,
                         const double *expected)
{
    size_t words = ir_space_points(t->graph, op->space) * op->type.lanes / BATCH;
    const int16_t *in_fixed = ir_fixed_value(t->in_fixed, op) + words * (size_t)example;
    const double *in_float = ir_float_value(t->in_float, op) + words * (size_t)example;
    for (size_t i = 0; i < words; i++) {
        double found = fixed ? in_fixed[i] : in_float[i];
        if (found != expected[i])
            fail_msg("%s (%s) of %d x %d x %d, kernel %d %d stride %d %d pad %d %d: word %zu of "
                     "example %d is %g, not %g",
                     ir_ops[op->code].name, fixed ? "fixed" : "float", t->g.lanes, t->g.h, t->g.w,
                     t->g.k[0], t->g.k[1], t->g.s[0], t->g.s[1], t->g.p[0], t->g.p[1], i, example,
                     found, expected[i]);
    }
}

typedef struct expectation {
    trial *t;
    const geometry *g;
    arithmetic plain;
    int example;
    const double *map, *places, *patches; /* of this example */
    padded *image, *adds;
    double *out;
} expectation;

static double *cleared(expectation *e, const ir_op *op)
{
    size_t words = ir_space_points(e->t->graph, op->space) * op->type.lanes / BATCH;
    e->out = ARENA_ARRAY(e->t->f.memory, double, words);
    return e->out;
}

static void expect_window(expectation *e)
{
    const geometry *g = e->g;
    double *out = cleared(e, e->t->window);
    pad_map(e->t, e->image, e->map, 0);
    EACH(g)
        out[PATCH] = e->image->at[Y][X][c];
    expect_words(e->t, e->t->window, e->plain.fixed, e->example, out);
}

static void expect_fold(expectation *e)
{
    const geometry *g = e->g;
    double *out = cleared(e, e->t->fold);
    memset(e->adds, 0, sizeof *e->adds);
    EACH(g)
        e->adds->at[Y][X][c] = sum_of(&e->plain, e->adds->at[Y][X][c], e->patches[PATCH]);
    cut_map(e->t, out, e->adds);
    expect_words(e->t, e->t->fold, e->plain.fixed, e->example, out);
}

static void expect_pool_max(expectation *e)
{
    const geometry *g = e->g;
    double *most = cleared(e, e->t->pool_max);
    size_t places = (size_t)(g->h2 * g->w2 * g->lanes);
    int *row = ARENA_ARRAY(e->t->f.memory, int, places), *column = row;
    column = ARENA_ARRAY(e->t->f.memory, int, places);
    pad_map(e->t, e->image, e->map, -INFINITY);
    for (size_t i = 0; i < places; i++)
        most[i] = -INFINITY;
    EACH(g)
        if (e->image->at[Y][X][c] > most[PLACE]) {
            most[PLACE] = e->image->at[Y][X][c];
            row[PLACE] = Y;
            column[PLACE] = X;
        }
    expect_words(e->t, e->t->pool_max, e->plain.fixed, e->example, most);
    memset(e->adds, 0, sizeof *e->adds);
    for (size_t i = 0; i < places; i++) {
        double *at = &e->adds->at[row[i]][column[i]][i % (size_t)g->lanes];
        *at = sum_of(&e->plain, *at, e->places[i]);
    }
    cut_map(e->t, cleared(e, e->t->unpool), e->adds);
    expect_words(e->t, e->t->unpool, e->plain.fixed, e->example, e->out);
}

static void expect_sums(expectation *e)
{
    const geometry *g = e->g;
    arithmetic coarse = {e->plain.fixed, 9, 7}, fine = {e->plain.fixed, 9, 10};
    double *out = cleared(e, e->t->pool_sum);
    pad_map(e->t, e->image, e->map, 0);
    EACH(g)
        out[PLACE] = sum_of(&coarse, out[PLACE], e->image->at[Y][X][c]);
    expect_words(e->t, e->t->pool_sum, e->plain.fixed, e->example, out);
    memset(e->adds, 0, sizeof *e->adds);
    EACH(g)
        e->adds->at[Y][X][c] = sum_of(&fine, e->adds->at[Y][X][c], e->places[PLACE]);
    cut_map(e->t, cleared(e, e->t->spread), e->adds);
    expect_words(e->t, e->t->spread, e->plain.fixed, e->example, e->out);
}

static void expect_spaces(expectation *e)
{
    const geometry *g = e->g;
    arithmetic coarse = {e->plain.fixed, 9, 6};
    double *flat = cleared(e, e->t->flatten);
    for (int i = 0; i < g->h * g->w * g->lanes; i++)
        flat[i % g->lanes * g->h * g->w + i / g->lanes] = e->map[i];
    expect_words(e->t, e->t->flatten, e->plain.fixed, e->example, flat);
    expect_words(e->t, e->t->unflatten, e->plain.fixed, e->example, e->map);
    double *all = cleared(e, e->t->total);
    for (int i = 0; i < g->h * g->w * g->lanes; i++)
        all[i % g->lanes] = sum_of(&coarse, all[i % g->lanes], e->map[i]);
    expect_words(e->t, e->t->total, e->plain.fixed, e->example, all);
}

/* Runs go on to the right of their tap, over several pixels. */
static void expect_taps(expectation *e)
{
    const geometry *g = e->g;
    const ir_op *tap = e->t->tap;
    const ir_attr *at = ir_get(tap, IR_ATTR_at);
    int first = (int)ir_get_int(tap, IR_ATTR_first, 0), lanes = (int)tap->type.lanes;
    for (int walled = 0; walled < 2; walled++) {
        double *out = cleared(e, walled ? e->t->walled : tap);
        pad_map(e->t, e->image, e->map,
                !walled ? 0 : e->plain.fixed ? INT16_MIN : -INFINITY);
        for (int p = 0; p < g->h2 * g->w2; p++)
            for (int i = 0; i < lanes; i++)
                out[p * lanes + i] =
                    e->image->at[p / g->w2 * g->s[0] + (int)at->value]
                                [p % g->w2 * g->s[1] + (int)at->second + (first + i) / g->lanes]
                                [(first + i) % g->lanes];
        expect_words(e->t, walled ? e->t->walled : tap, e->plain.fixed, e->example, out);
    }
    memset(e->adds, 0, sizeof *e->adds);
    EACH(g)
        if (ky == at->value && kx == at->second)
            e->adds->at[Y][X][c] = e->patches[PATCH];
    cut_map(e->t, cleared(e, e->t->untap), e->adds);
    expect_words(e->t, e->t->untap, e->plain.fixed, e->example, e->out);
}

static void expect_running(expectation *e)
{
    const geometry *g = e->g;
    arithmetic coarse = {e->plain.fixed, 9, 6};
    int words = g->h * g->w * g->lanes;
    double *out = cleared(e, e->t->running);
    for (int i = 0; i < words; i++)
        out[i] = sum_of(&coarse, i < g->lanes ? 0 : out[i - g->lanes], e->map[i]);
    expect_words(e->t, e->t->running, e->plain.fixed, e->example, out);
    expect_words(e->t, e->t->final, e->plain.fixed, e->example, e->map + words - g->lanes);
}

static void expect_vectors(expectation *e)
{
    const geometry *g = e->g;
    const trial *t = e->t;
    int lane = (int)ir_get_int(t->some, IR_ATTR_first, 0), left = (int)t->some->type.lanes;
    expect_words(t, t->pixels, e->plain.fixed, e->example, e->map);
    expect_words(t, t->part, e->plain.fixed, e->example,
                 e->map + ir_get_int(t->part, IR_ATTR_first, 0));
    expect_words(t, t->back, e->plain.fixed, e->example, e->map);
    double *out = cleared(e, t->some);
    for (int p = 0; p < g->h * g->w; p++)
        for (int i = 0; i < left; i++)
            out[p * left + i] = e->map[p * g->lanes + lane + i];
    expect_words(t, t->some, e->plain.fixed, e->example, out);
}

/* Each output fills its half of the port of an example. */
static void expect_outputs(const expectation *e)
{
    const geometry *g = e->g;
    int pixels = g->h * g->w, words = pixels * g->lanes;
    for (int i = 0; i < 2 * words; i++) {
        size_t at = (size_t)(e->example * 2 * words + i);
        double expected = e->map[i % pixels * g->lanes + i / pixels % g->lanes];
        double found = e->plain.fixed ? e->t->out_fixed[0][at] : e->t->out_real[0][at];
        if (found != expected)
            fail_msg("output word %zu is %g, not %g", at, found, expected);
    }
}

static void expect_all(trial *t)
{
    const geometry *g = &t->g;
    padded *images = ARENA_ARRAY(t->f.memory, padded, 2);
    size_t map = (size_t)(g->h * g->w * g->lanes), places = (size_t)(g->h2 * g->w2 * g->lanes);
    for (int i = 0; i < 2 * BATCH; i++) {
        size_t n = (size_t)(i / 2);
        expectation e = {t, g, {i % 2, 9, 9}, i / 2, t->real[0] + n * map, t->real[1] + n * places,
                         t->real[2] + n * places * (size_t)(g->k[0] * g->k[1]), &images[0],
                         &images[1], NULL};
        expect_window(&e);
        expect_fold(&e);
        expect_pool_max(&e);
        expect_sums(&e);
        expect_spaces(&e);
        expect_taps(&e);
        expect_running(&e);
        expect_vectors(&e);
        expect_outputs(&e);
    }
}

/* ---- trials ---- */

static int positions(int edge, int k, int s, int p)
{
    return (edge + 2 * p - k) / s + 1;
}

static void run_trial(random_state *r, int kernel, int stride, int pad)
{
    trial t = {.g = {.lanes = 1 + (int)random_below(r, LANES_MAX), .k = {kernel, 0},
                     .s = {stride, 1 + (int)random_below(r, 3)}, .p = {pad, 0}}};
    geometry *g = &t.g;
    g->k[1] = 1 + (int)random_below(r, 7);
    g->p[1] = (int)random_below(r, (uint64_t)g->k[1]);
    for (int swap = (int)random_below(r, 2); swap--;) {
        geometry other = *g;
        for (int i = 0; i < 2; i++) {
            g->k[i] = other.k[1 - i];
            g->s[i] = other.s[1 - i];
            g->p[i] = other.p[1 - i];
        }
    }
    int least[2] = {g->k[0] - 2 * g->p[0], g->k[1] - 2 * g->p[1]};
    g->h = (least[0] > 1 ? least[0] : 1) + (int)random_below(r, 8);
    g->w = (least[1] > 1 ? least[1] : 1) + (int)random_below(r, 8);
    g->h2 = positions(g->h, g->k[0], g->s[0], g->p[0]);
    g->w2 = positions(g->w, g->k[1], g->s[1], g->p[1]);
    fixture_open(&t.f, &paper_numerics);
    make_graph(&t, r);
    if (!ir_verify(t.f.m, t.f.d, NULL))
        fail_msg("%s", messages_of(t.f.memory, t.f.d));
    const char *text = text_of(t.f.memory, t.f.m);
    assert_string_equal(text, text_of(t.f.memory, read_sound(&t.f, text)));
    make_data(&t, r);
    expect_all(&t);
    fixture_close(&t.f);
}

static void test_windows(void **state)
{
    (void)state;
    random_state r = random_from(test_seed(), 3);
    for (int kernel = 1; kernel <= 7; kernel++)
        for (int stride = 1; stride <= 3; stride++)
            for (int pad = 0; pad < kernel; pad++)
                for (int repeat = 0; repeat < 3; repeat++)
                    run_trial(&r, kernel, stride, pad);
}

/* A pad wider than the kernel is all zeros there; a pool would have nothing to choose from. */
static void test_wide_pad(void **state)
{
    (void)state;
    fixture f;
    fixture_open(&f, &paper_numerics);
    ir_graph *g = ir_graph_new(f.m, "g");
    uint8_t y = ir_graph_dim(g, "y1", 1), x = ir_graph_dim(g, "x1", 2);
    uint8_t y2 = ir_graph_dim(g, "y2", 7), x2 = ir_graph_dim(g, "x2", 2);
    trial t = {.f = f, .graph = g, .g = {.k = {1, 1}, .s = {1, 1}, .p = {3, 0}}};
    ir_op *map = port(&t, 0, 2, (ir_space){2, {y, x}}, 9);
    ir_op *window = on_map(&t, IR_window, 2, 9, (ir_space){2, {y2, x2}}, map);
    if (!ir_verify(f.m, f.d, NULL))
        fail_msg("%s", messages_of(f.memory, f.d));
    const int16_t in[] = {1, 2, 3, 4}, *inputs[] = {in};
    ir_fixed *run = ir_fixed_new(f.memory, f.m, FIDELITY_ADC, 1);
    ir_fixed_run(run, g, 0, inputs, NULL);
    const int16_t *out = ir_fixed_value(run, window);
    for (int i = 0; i < 28; i++)
        assert_int_equal(out[i], i / 4 == 3 ? in[i % 4] : 0);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_wide_pad),
    };
    return cmocka_run_group_tests_name("ir window", tests, NULL, NULL);
}
