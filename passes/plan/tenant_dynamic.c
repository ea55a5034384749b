/*
 * The stronger optimiser: operators in pieces of at most 1/16 of the chip, pieces in groups of
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

enum { PIECES_MAX = 512, PIECES_PER_CHIP = 16 };

typedef struct piece {
    int op;
    int64_t first, blocks, positions;
} piece;

typedef struct program {
    const tenant_chip *chip;
    const tenant *t;
    int64_t arrays;
    bool windows; /* operators wait for what they read in their group */
    piece *pieces;
    int count;
    int64_t *cost; /* of pieces 0 .. i */
    int *from;     /* where the last group of those begins */
} program;

static int64_t ceil_div(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

/* Not too many of any one operator, however small the chip. */
static int64_t pieces_of(const program *p, const tenant_op *op)
{
    int64_t blocks = op->down * op->across, most = PIECES_MAX / p->t->count;
    int64_t pieces = ceil_div(blocks * PIECES_PER_CHIP, p->chip->arrays);
    pieces = pieces < blocks ? pieces : blocks;
    return pieces < most ? pieces : most;
}

static void cut(arena *scratch, program *p)
{
    size_t count = 0;
    for (int i = 0; i < p->t->count; i++)
        count += (size_t)pieces_of(p, &p->t->ops[i]);
    p->pieces = ARENA_ARRAY(scratch, piece, count);
    p->cost = ARENA_ARRAY(scratch, int64_t, count + 1);
    p->from = ARENA_ARRAY(scratch, int, count + 1);
    for (int i = 0; i < p->t->count; i++) {
        const tenant_op *op = &p->t->ops[i];
        int64_t blocks = op->down * op->across, pieces = pieces_of(p, op);
        for (int64_t k = 0; k < pieces; k++) {
            int64_t first = blocks / pieces * k + (k < blocks % pieces ? k : blocks % pieces);
            int64_t size = blocks / pieces + (k < blocks % pieces);
            p->pieces[p->count++] = (piece){i, first, size, op->positions};
        }
    }
}

static bool fits(const program *p, int from, int to, int64_t t)
{
    int64_t left = p->arrays, copies = 0;
    for (int i = from; i < to && left >= 0; i++) {
        const piece *x = &p->pieces[i];
        if (i == from || x->op != x[-1].op)
            copies = ceil_div(x->positions, t);
        left -= copies * x->blocks;
    }
    return left >= 0;
}

/* The least t >= low with which pieces from .. to fit; they do with one copy each. */
static int64_t least_passes(const program *p, int from, int to, int64_t low)
{
    int64_t high = low, stride = 1;
    for (; !fits(p, from, to, high); stride *= 2) {
        low = high + 1;
        high += stride;
    }
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (fits(p, from, to, middle))
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/*
 * Steps of a group whose copies are those of `passes`. With windows: the first position of an
 * operator waits for `need` positions of the one before it, its last `rest` ones for all of them.
 */
static int64_t steps_of(const program *p, int from, int to, int64_t passes)
{
    int64_t start = 0, end = 0, before = 0;
    if (!p->windows)
        return passes;
    for (int i = from; i < to; i++) {
        const tenant_op *op = &p->t->ops[p->pieces[i].op];
        if (i > from && p->pieces[i].op == p->pieces[i - 1].op)
            continue;
        int64_t copies = ceil_div(op->positions, passes);
        if (before && op->need)
            start += ceil_div(op->need, before) - 1;
        int64_t tail = before && op->need ? end + ceil_div(op->rest, copies) - 1 : end;
        end = start + ceil_div(op->positions, copies);
        end = tail > end ? tail : end;
        before = copies;
    }
    return end;
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

static void offer(program *p, int from, int to, int64_t cost)
{
    if (p->cost[from] + cost < p->cost[to]) {
        p->cost[to] = p->cost[from] + cost;
        p->from[to] = from;
    }
}

/*
 * All groups that begin with piece `from`. Their t grows with the group and is at least the work
 * over the arrays; where even that is too dear, t is not sought.
 */
static void extend(program *p, int from)
{
    int64_t fixed = p->chip->write_cycles, blocks = 0, work = 0, passes = 1;
    if (p->pieces[from].blocks > p->arrays)
        offer(p, from, from + 1, alone_cost(p, from));
    for (int to = from + 1; to <= p->count; to++) {
        const piece *x = &p->pieces[to - 1];
        blocks += x->blocks;
        if (blocks > p->arrays)
            return;
        if (to == from + 1 || x->op != x[-1].op)
            fixed += latency(p, to - 1);
        work += x->blocks * x->positions;
        int64_t needed = ceil_div(work, p->arrays);
        passes = needed > passes ? needed : passes;
        if (p->cost[from] + fixed + p->chip->input_bits * passes >= p->cost[to])
            continue;
        passes = least_passes(p, from, to, passes);
        offer(p, from, to, fixed + p->chip->input_bits * steps_of(p, from, to, passes));
    }
}

/* Pieces of one operator that lie in one group are one part. */
static void emit_group(const program *p, int from, int to, int32_t round, tenant_rounds *out)
{
    int64_t passes = least_passes(p, from, to, 1);
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
    int starts[PIECES_MAX + 1], groups = 0;
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

static int64_t run(const tenant_chip *chip, const tenant *t, int64_t arrays, bool windows,
                   tenant_rounds *out, tenant_choice *choice)
{
    arena *scratch = arena_new();
    program *p = ARENA_NEW(scratch, program);
    p->chip = chip;
    p->t = t;
    p->arrays = arrays;
    p->windows = windows;
    cut(scratch, p);
    for (int i = 1; i <= p->count; i++)
        p->cost[i] = INT64_MAX;
    for (int i = 0; i < p->count; i++)
        extend(p, i);
    out->count = 0;
    out->rounds = 0;
    emit(p, p->count, out);
    if (choice)
        *choice = (tenant_choice){0, 0, p->cost[p->count]};
    arena_free(scratch);
    return tenant_cycles(chip, t, out);
}

int64_t tenant_run_dynamic(const tenant_chip *chip, const tenant *t, int64_t arrays,
                           tenant_rounds *out, tenant_choice *choice)
{
    return run(chip, t, arrays, false, out, choice);
}

int64_t tenant_run_windows(const tenant_chip *chip, const tenant *t, int64_t arrays,
                           tenant_rounds *out, tenant_choice *choice)
{
    return run(chip, t, arrays, true, out, choice);
}
