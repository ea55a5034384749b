/*
 * What the tests of the passes share: a module in an arena, random numbers, data for the ports of a
 * graph, and runs of the fixed-point interpreter that can be compared bit by bit.
 */
#ifndef PANTHER_TESTS_UNIT_TEST_PASSES_H
#define PANTHER_TESTS_UNIT_TEST_PASSES_H

#include "ir/graph.h"
#include "ir/window.h"
#include "isa/support/fixed.h"
#include "isa/support/random.h"
#include "passes/passes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PORTS = 16 };

typedef struct bench {
    arena *memory;
    diag *d;
    ir_module *m;
    machine machine;
    random_state random;
    uint64_t seed;
    pass_tuning tuning;
} bench;

static inline void bench_open(bench *b, uint64_t seed)
{
    static const ir_numerics paper = {
        .slices = {.slices = 8, .radix_bits = 4, .bits = {5, 5, 5, 6, 6, 4, 4, 4},
                   .adc_extra_bits = 6, .rows = 128, .columns = 128},
        .mode = OPA_STREAM,
        .rounding = {ROUND_STOCHASTIC, 9, 7},
        .q_activation = 9,
        .q_weight = 26,
        .q_error = 14,
    };
    memset(b, 0, sizeof *b);
    b->memory = arena_new();
    b->d = diag_new(b->memory, source_set_new(b->memory));
    b->m = ir_module_new(b->memory, diag_sources(b->d), &paper);
    b->random = random_from(seed, 1);
    b->seed = seed;
    b->tuning = pass_default_tuning;
    b->machine.name = "bench";
    b->machine.nodes = 2;
    b->machine.tiles = 64;
    b->machine.mesh_width = 8;
    b->machine.cores = 8;
    b->machine.mcus = 2;
}

static inline void bench_close(bench *b)
{
    arena_free(b->memory);
}

static inline uint32_t below(bench *b, uint32_t n)
{
    return (uint32_t)random_below(&b->random, n);
}

static inline double uniform(bench *b, double low, double high)
{
    return low + (high - low) * random_unit(&b->random);
}

static inline void fail_with(bench *b, const char *what)
{
    fprintf(stderr, "seed %llu: %s\n", (unsigned long long)b->seed, what);
    diag_print(b->d, stderr, false);
    ir_print(b->m, stderr);
    fail();
}

static inline char *bench_text(arena *memory, const ir_module *m)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    assert_non_null(out);
    ir_print(m, out);
    fclose(out);
    char *kept = arena_strndup(memory, text, length);
    free(text);
    return kept;
}

/* Runs one pass, verifies, and holds the printer and parser to their fixpoint. */
static inline void bench_pass(bench *b, const char *name, pass_function *pass)
{
    static const pass_options none;
    pass_context c = {b->m, &b->machine, b->memory, b->d, 0, &none, b->tuning};
    if (!pass(&c) || !ir_verify(b->m, b->d, name))
        fail_with(b, name);
    const char *text = bench_text(b->memory, b->m);
    ir_module *again = ir_parse(b->memory, NULL, b->d, name, text, strlen(text));
    if (!again || strcmp(text, bench_text(b->memory, again)))
        fail_with(b, "print, parse, print differ");
}

/* ---- ports ---- */

static inline uint32_t port_words(const ir_op *op)
{
    ir_type t = op->code == IR_output ? op->args[0]->type : op->type;
    return t.kind == IR_LABEL ? 1 : (uint32_t)ir_get_int(op, IR_ATTR_first, 0) + t.lanes;
}

static inline ir_space port_space(const ir_op *op)
{
    return op->space;
}

/* Words of a port over all points; 0: the graph has no such port. */
static inline size_t port_size(const ir_graph *g, ir_opcode code, int port, uint32_t *lanes)
{
    size_t points = 0;
    *lanes = 0;
    IR_EACH(op, g)
        if (op->code == code && ir_get_int(op, IR_ATTR_port, 0) == port) {
            *lanes = port_words(op) > *lanes ? port_words(op) : *lanes;
            points = ir_space_points(g, port_space(op));
        }
    return points * *lanes;
}

static inline const ir_op *port_op(const ir_graph *g, int port)
{
    IR_EACH(op, g)
        if (op->code == IR_input && ir_get_int(op, IR_ATTR_port, 0) == port)
            return op;
    return NULL;
}

/*
 * Data of an input port: a pure function of seed, step, port, example and word of the port, so that a
 * graph gets the same data however it has been cut. One-hot ports get the class that the label would have had.
 */
static inline int16_t *port_data(arena *memory, const ir_graph *g, int port, uint64_t seed,
                                 uint64_t step, uint32_t classes)
{
    uint32_t lanes;
    size_t size = port_size(g, IR_input, port, &lanes);
    const ir_op *op = port_op(g, port);
    int16_t *data = ARENA_ARRAY(memory, int16_t, size + 1);
    if (!op)
        return data;
    random_key key = {seed, (uint64_t)port + 100, step, 0};
    lanes *= (uint32_t)ir_port_pixels(g, op);
    for (size_t point = 0; point < size / lanes; point++) {
        key.count = point;
        uint64_t base = random_base(key);
        uint32_t class = (uint32_t)(random_lane(base, 0) % classes);
        bool onehot = ir_get_int(op, IR_ATTR_onehot, 0);
        for (uint32_t i = 0; i < lanes; i++) {
            int16_t v = (int16_t)((int64_t)(random_lane(base, i) % 2001) - 1000);
            if (op->type.kind == IR_LABEL)
                v = (int16_t)class;
            else if (onehot)
                v = i == class ? fixed_from_double(1, op->type.q) : 0;
            data[point * lanes + i] = v;
        }
    }
    return data;
}

/* ---- runs ---- */

typedef struct run_result {
    int16_t *outputs[PORTS];
    size_t sizes[PORTS];
    int16_t **digits; /* by matrix: all blocks */
    size_t *digit_counts, matrix_count;
} run_result;

static inline void keep_digits(bench *b, const ir_fixed *f, run_result *r)
{
    const ir_module *m = b->m;
    r->digits = ARENA_ARRAY(b->memory, int16_t *, m->matrix_count);
    r->digit_counts = ARENA_ARRAY(b->memory, size_t, m->matrix_count);
    r->matrix_count = m->matrix_count;
    for (size_t k = 0; k < m->matrix_count; k++) {
        const ir_matrix *w = m->matrices[k];
        size_t slices = (size_t)m->numerics.slices.slices, at = 0;
        r->digits[k] = ARENA_ARRAY(b->memory, int16_t, slices * w->inputs * w->outputs);
        for (uint32_t row = 0; row < ir_block_rows(m, w); row++)
            for (uint32_t column = 0; column < ir_block_columns(m, w); column++) {
                ir_block part = ir_matrix_block(m, w, row, column);
                size_t n = slices * part.inputs * part.outputs;
                memcpy(r->digits[k] + at, ir_fixed_digits(f, w, row, column), n * sizeof(int16_t));
                at += n;
            }
        r->digit_counts[k] = at;
    }
}

/* A copy has the weights of its original. */
static inline size_t original_of(const ir_module *m, size_t k)
{
    for (size_t i = 0; m->matrices[k]->copy_of && i < k; i++)
        if (!strcmp(m->matrices[i]->name, m->matrices[k]->copy_of))
            return i;
    return k;
}

static inline void random_weights(bench *b, ir_fixed *f)
{
    for (size_t k = 0; k < b->m->matrix_count; k++) {
        const ir_matrix *w = b->m->matrices[k];
        size_t n = (size_t)w->inputs * w->outputs;
        int64_t *values = ARENA_ARRAY(b->memory, int64_t, n);
        random_state r = random_from(b->seed, 50 + original_of(b->m, k));
        for (size_t i = 0; i < n; i++)
            values[i] = (int64_t)ldexp((random_unit(&r) - 0.5) / 2, w->q);
        ir_fixed_write(f, w, values);
    }
}

/* A few kernels of one graph from random weights: all outputs of the last, all digits. */
static inline run_result bench_run(bench *b, const ir_graph *g, int steps, uint32_t classes)
{
    run_result r = {{0}, {0}, NULL, NULL, 0};
    const int16_t *inputs[PORTS];
    ir_fixed *f = ir_fixed_new(b->memory, b->m, FIDELITY_ADC, b->seed);
    random_weights(b, f);
    for (int p = 0; p < PORTS; p++) {
        uint32_t lanes;
        r.sizes[p] = port_size(g, IR_output, p, &lanes);
        r.outputs[p] = ARENA_ARRAY(b->memory, int16_t, r.sizes[p] + 1);
    }
    for (int step = 0; step < steps; step++) {
        for (int p = 0; p < PORTS; p++)
            inputs[p] = port_data(b->memory, g, p, b->seed, (uint64_t)step, classes);
        ir_fixed_run(f, g, (uint64_t)step, inputs, r.outputs);
    }
    keep_digits(b, f, &r);
    return r;
}

static inline void same_results(bench *b, const run_result *x, const run_result *y,
                                const char *after)
{
    for (int p = 0; p < PORTS; p++) {
        if (x->sizes[p] != y->sizes[p])
            fail_with(b, after);
        for (size_t i = 0; i < x->sizes[p]; i++)
            if (x->outputs[p][i] != y->outputs[p][i]) {
                fprintf(stderr, "after %s: output %d word %zu: %d, then %d\n", after, p, i,
                        x->outputs[p][i], y->outputs[p][i]);
                fail_with(b, after);
            }
    }
    for (size_t k = 0; k < y->matrix_count; k++) {
        size_t o = original_of(b->m, k);
        for (size_t i = 0; i < x->digit_counts[o]; i++)
            if (x->digits[o][i] != y->digits[k][i]) {
                fprintf(stderr, "after %s: matrix %s digit %zu: %d, then %d\n", after,
                        b->m->matrices[k]->name, i, x->digits[o][i], y->digits[k][i]);
                fail_with(b, after);
            }
    }
}

/* ---- building ---- */

static inline ir_op *input(ir_graph *g, int port, ir_type type, const char *role, uint8_t dim,
                           bool batched)
{
    ir_op *op = ir_op_new(g, NULL, IR_input, type, NULL, 0, SOURCE_NOWHERE);
    ir_set_int(g, op, IR_ATTR_port, port);
    ir_set_name(g, op, IR_ATTR_role, role);
    if (batched)
        op->space = (ir_space){1, {dim}};
    return op;
}

static inline ir_op *constant(ir_graph *g, double value, uint32_t lanes, uint8_t q)
{
    ir_op *op = ir_op_new(g, NULL, IR_const, ir_vec(lanes, q), NULL, 0, SOURCE_NOWHERE);
    ir_set_real(g, op, IR_ATTR_value, value);
    return op;
}

/* ---- through all passes after `differentiate` ---- */

enum { KERNELS = 3 };

static inline void random_numerics(bench *b, int least, int most)
{
    ir_numerics *n = &b->m->numerics;
    n->slices.rows = least + (int)below(b, (uint32_t)(most - least + 1));
    n->slices.columns = below(b, 2) ? n->slices.rows
                                    : least + (int)below(b, (uint32_t)(most - least + 1));
    n->mode = (opa_mode)below(b, OPA_MODES);
    n->rounding.mode = (rounding)below(b, 3);
    n->rounding.row = (int)below(b, 10);
    n->rounding.column = (int)below(b, 8);
    b->machine.mcus = 1 + (int)below(b, 6);
    b->machine.nodes = 2;
    b->machine.tiles = 1024;
}

static inline void through_passes(bench *b, const ir_graph *g, uint32_t classes)
{
    const ir_numerics *n = &b->m->numerics;
    bool rounds = n->mode == OPA_STREAM && n->rounding.mode != ROUND_OFF;
    run_result before = bench_run(b, g, KERNELS, classes), after;
    bench_pass(b, "lower", pass_lower);
    after = bench_run(b, g, KERNELS, classes);
    same_results(b, &before, &after, "lower");
    bench_pass(b, "unify", pass_unify);
    bench_pass(b, "duplicate", pass_duplicate);
    before = bench_run(b, g, KERNELS, classes);
    bench_pass(b, "round_updates", pass_round_updates);
    after = bench_run(b, g, KERNELS, classes);
    if (!rounds)
        same_results(b, &before, &after, "round_updates");
    b->tuning.strip_lanes = (int)(below(b, 2) << below(b, 8)); /* of those that divide a block */
    bench_pass(b, "partition", pass_partition);
    before = bench_run(b, g, KERNELS, classes);
    same_results(b, &after, &before, "partition");
    bench_pass(b, "place", pass_place);
    after = bench_run(b, g, KERNELS, classes);
    same_results(b, &before, &after, "place");
}

static inline void limits_hold(bench *b, const ir_graph *g)
{
    const slicing *s = &b->m->numerics.slices;
    uint32_t side = (uint32_t)(s->rows < s->columns ? s->rows : s->columns);
    IR_EACH(op, g) {
        bool product = op->code == IR_mvm || op->code == IR_mtvm;
        if (!product && op->type.lanes > side)
            fail_with(b, "a vector is wider than a block");
        if (ir_ops[op->code].class == IR_CLASS_MATRIX && !ir_get(op, IR_ATTR_block))
            fail_with(b, "a matrix op names no block");
        bool off = op->code == IR_input || op->code == IR_output || op->code == IR_const;
        if ((op->place.core < 0) != off || (op->place.mcu >= 0) !=
            (ir_ops[op->code].class == IR_CLASS_MATRIX))
            fail_with(b, "an op is placed where it should not be");
    }
}

#endif
