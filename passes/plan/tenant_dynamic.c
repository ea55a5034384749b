/*
 * The stronger optimiser: operators in pieces of at most 1/8 of the chip, pieces in groups of
 * consecutive ones, one round per group. A dynamic program finds the groups of the least sum;
 * inside a group the copies are those of the least t with
 *     sum blocks * ceil(positions / t) <= arrays,
 * the best for the formula, since its other terms do not depend on the copies.
 *
 * Pieces do not depend on the region's arrays: what fits some arrays fits more, so the time never
 * grows with them.
 */
#include "passes/plan/tenant.h"

#include <string.h>

enum { PIECES_MAX = 4096, PIECES_PER_CHIP = 8 };

typedef struct piece {
    int op;
    int64_t first, blocks, positions;
} piece;

typedef struct program {
    const tenant_chip *chip;
    const tenant *t;
    int64_t arrays;
    piece pieces[PIECES_MAX];
    int count;
    int64_t cost[PIECES_MAX + 1]; /* of pieces 0 .. i */
    int from[PIECES_MAX + 1];     /* where the last group of those begins */
} program;

static int64_t ceil_div(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

static void cut(program *p)
{
    int64_t most = ceil_div(p->chip->arrays, PIECES_PER_CHIP);
    for (int i = 0; i < p->t->count; i++) {
        const tenant_op *op = &p->t->ops[i];
        int64_t blocks = op->down * op->across, pieces = ceil_div(blocks, most);
        int64_t room = (PIECES_MAX - p->count) / (p->t->count - i);
        pieces = pieces > room ? room : pieces;
        for (int64_t k = 0; k < pieces; k++) {
            int64_t first = blocks / pieces * k + (k < blocks % pieces ? k : blocks % pieces);
            int64_t size = blocks / pieces + (k < blocks % pieces);
            p->pieces[p->count++] = (piece){i, first, size, op->positions};
        }
    }
}

static bool fits(const program *p, int from, int to, int64_t t)
{
    int64_t left = p->arrays;
    for (int i = from; i < to && left >= 0; i++) {
        int64_t copies = ceil_div(p->pieces[i].positions, t);
        if (copies > left / p->pieces[i].blocks)
            return false;
        left -= copies * p->pieces[i].blocks;
    }
    return left >= 0;
}

/* The least t with which pieces from .. to fit; most fits. */
static int64_t least_passes(const program *p, int from, int to, int64_t most)
{
    int64_t low = 1, high = most;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (fits(p, from, to, middle))
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static int64_t most_positions(const program *p, int from, int to)
{
    int64_t most = 1;
    for (int i = from; i < to; i++)
        most = p->pieces[i].positions > most ? p->pieces[i].positions : most;
    return most;
}

static int64_t latency(const program *p, int piece_index)
{
    return 6 + p->chip->input_bits + p->t->ops[p->pieces[piece_index].op].pooling;
}

/* A piece that needs more arrays than there are: rounds of its own. */
static int64_t alone_cost(const program *p, int i)
{
    const piece *x = &p->pieces[i];
    return ceil_div(x->blocks, p->arrays) *
           (p->chip->write_cycles + p->chip->input_bits * x->positions + latency(p, i));
}

static void extend(program *p, int from)
{
    int64_t fixed = p->chip->write_cycles, blocks = 0;
    for (int to = from + 1; to <= p->count; to++) {
        const piece *x = &p->pieces[to - 1];
        blocks += x->blocks;
        if (to == from + 1 && blocks > p->arrays) {
            fixed = alone_cost(p, from);
        } else {
            if (blocks > p->arrays)
                return;
            if (to == from + 1 || x->op != x[-1].op)
                fixed += latency(p, to - 1);
        }
        int64_t passes = blocks > p->arrays
                             ? 0
                             : least_passes(p, from, to, most_positions(p, from, to));
        int64_t cost = p->cost[from] + fixed + p->chip->input_bits * passes;
        if (cost < p->cost[to]) {
            p->cost[to] = cost;
            p->from[to] = from;
        }
        if (blocks > p->arrays)
            return;
    }
}

/* Pieces of one operator that lie in one group are one part. */
static void emit_group(const program *p, int from, int to, int32_t round, tenant_rounds *out)
{
    int64_t passes = least_passes(p, from, to, most_positions(p, from, to));
    for (int i = from, next; i < to; i = next) {
        int64_t blocks = 0;
        for (next = i; next < to && p->pieces[next].op == p->pieces[i].op; next++)
            blocks += p->pieces[next].blocks;
        tenant_add(out, p->pieces[i].op, round, p->pieces[i].first, blocks,
                   ceil_div(p->pieces[i].positions, passes));
    }
}

static int32_t emit(const program *p, int to, tenant_rounds *out)
{
    int starts[PIECES_MAX], groups = 0;
    for (; to > 0; to = p->from[to])
        starts[groups++] = p->from[to];
    int32_t round = 0;
    for (int g = groups - 1; g >= 0; g--) {
        int from = starts[g], end = g ? starts[g - 1] : p->count;
        const piece *x = &p->pieces[from];
        if (x->blocks > p->arrays) {
            round = tenant_add_alone(out, x->op, round, x->first, x->blocks, p->arrays);
        } else {
            emit_group(p, from, end, round++, out);
        }
    }
    return round;
}

int64_t tenant_run_dynamic(const tenant_chip *chip, const tenant *t, int64_t arrays,
                           tenant_rounds *out, tenant_choice *choice)
{
    arena *scratch = arena_new();
    program *p = ARENA_NEW(scratch, program);
    p->chip = chip;
    p->t = t;
    p->arrays = arrays;
    cut(p);
    for (int i = 1; i <= p->count; i++)
        p->cost[i] = INT64_MAX;
    for (int i = 0; i < p->count; i++)
        extend(p, i);
    out->count = 0;
    out->rounds = 0;
    emit(p, p->count, out);
    arena_free(scratch);
    if (choice)
        *choice = (tenant_choice){0, 0};
    return tenant_cycles(chip, t, out);
}
