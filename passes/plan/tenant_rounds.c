/* Rounds of one tenant: the formula, the classic deployment and the paper's grid search. */
#include "passes/plan/tenant.h"

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t ceil_div(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

static int64_t blocks_of(const tenant_op *op)
{
    return op->down * op->across;
}

void tenant_add(tenant_rounds *r, int op, int32_t round, int64_t first, int64_t blocks,
                int64_t copies)
{
    tenant_part part = {op, round, first, blocks, copies};
    ARENA_PUSH(r->memory, r->parts, r->count, r->capacity, part);
    r->rounds = round + 1;
}

int32_t tenant_add_alone(tenant_rounds *r, int op, int32_t round, int64_t first, int64_t blocks,
                         int64_t arrays)
{
    for (int64_t done = 0; done < blocks; done += arrays)
        tenant_add(r, op, round++, first + done, least(arrays, blocks - done), 1);
    return round;
}

int64_t tenant_cycles(const tenant_chip *chip, const tenant *t, const tenant_rounds *r)
{
    int64_t cycles = (int64_t)r->rounds * chip->write_cycles, slowest = 0;
    for (size_t i = 0; i < r->count; i++) {
        const tenant_part *p = &r->parts[i], *before = i ? p - 1 : NULL;
        const tenant_op *op = &t->ops[p->op];
        bool same_round = before && before->round == p->round;
        if (before && !same_round) {
            cycles += chip->input_bits * slowest;
            slowest = 0;
        }
        int64_t passes = ceil_div(op->positions, p->copies);
        slowest = passes > slowest ? passes : slowest;
        if (!same_round || before->op != p->op)
            cycles += 6 + chip->input_bits + op->pooling;
    }
    return cycles + chip->input_bits * slowest;
}

/* ---- in order, by first fit ---- */

typedef struct filling {
    tenant_rounds *out;
    int64_t arrays, left; /* in the current round */
    int32_t round;
} filling;

static void begin(filling *f, tenant_rounds *out, int64_t arrays)
{
    *f = (filling){out, arrays, arrays, 0};
    out->count = 0;
    out->rounds = 0;
}

static void put(filling *f, int op, int64_t first, int64_t blocks, int64_t copies)
{
    if (blocks * copies > f->left) {
        f->round++;
        f->left = f->arrays;
    }
    tenant_add(f->out, op, f->round, first, blocks, copies);
    f->left -= blocks * copies;
}

static void put_alone(filling *f, int op, int64_t blocks)
{
    int32_t round = f->left < f->arrays ? f->round + 1 : f->round;
    f->round = tenant_add_alone(f->out, op, round, 0, blocks, f->arrays) - 1;
    f->left = 0;
}

static int64_t run_classic(const tenant_chip *chip, const tenant *t, int64_t arrays,
                           tenant_rounds *out, tenant_choice *choice)
{
    filling f;
    begin(&f, out, arrays);
    for (int i = 0; i < t->count; i++) {
        int64_t blocks = blocks_of(&t->ops[i]);
        if (blocks >= arrays)
            put_alone(&f, i, blocks);
        else
            put(&f, i, 0, blocks,
                least(least(t->ops[i].classic, arrays / blocks), t->ops[i].positions));
    }
    int64_t cycles = tenant_cycles(chip, t, out);
    if (choice)
        *choice = (tenant_choice){1, INT64_MAX, cycles};
    return cycles;
}

/* ---- the splitter and the duplicator ---- */

/* alpha times the classic copies, within what the operator and the arrays can use. */
static int64_t duplicates(const tenant_op *op, double alpha, int64_t arrays)
{
    double wanted = alpha * (double)op->classic;
    int64_t most = least(op->positions, arrays / blocks_of(op));
    if (most < 1 || wanted < 1)
        return 1;
    return wanted < (double)most ? (int64_t)wanted : most;
}

/* Arrays of a part of at most `beta` in `copies`: whole rows of arrays where one fits. */
static int64_t part_size(const tenant_op *op, int64_t beta, int64_t copies)
{
    int64_t size = beta / copies;
    if (size < 1)
        return 1;
    return size >= op->across ? size - size % op->across : size;
}

static int64_t split_and_duplicate(const tenant_chip *chip, const tenant *t, int64_t arrays,
                                   const tenant_choice *choice, tenant_rounds *out)
{
    filling f;
    begin(&f, out, arrays);
    for (int i = 0; i < t->count; i++) {
        const tenant_op *op = &t->ops[i];
        int64_t blocks = blocks_of(op), copies = duplicates(op, choice->alpha, arrays);
        int64_t size = part_size(op, least(choice->beta, arrays), copies);
        for (int64_t first = 0; first < blocks; first += size)
            put(&f, i, first, least(size, blocks - first), copies);
    }
    return tenant_cycles(chip, t, out);
}

static int64_t run_grid(const tenant_chip *chip, const tenant *t, int64_t arrays,
                        tenant_rounds *out, tenant_choice *choice)
{
    tenant_choice best = {1, INT64_MAX, 0};
    int64_t cycles = INT64_MAX;
    for (double alpha = 0.25; alpha <= 1024; alpha *= 2)
        for (int64_t beta = 64; beta <= 16384; beta *= 2) {
            bool last = beta >= arrays || beta == 16384; /* no limit */
            tenant_choice at = {alpha, last ? INT64_MAX : beta, 0};
            int64_t now = split_and_duplicate(chip, t, arrays, &at, out);
            if (now < cycles) {
                cycles = now;
                best = at;
                best.expected = now;
            }
            if (last)
                break;
        }
    if (choice)
        *choice = best;
    return split_and_duplicate(chip, t, arrays, &best, out);
}

const struct tenant_method tenant_methods[TENANT_METHODS] = {
    [TENANT_CLASSIC] = {"classic", run_classic, "copies by Eq. 2, operators in order"},
    [TENANT_GRID] = {"grid", run_grid, "split and duplicate, grid search over alpha and beta"},
    [TENANT_DYNAMIC] = {"dynamic", tenant_run_dynamic, "best groups of consecutive operators"},
    [TENANT_WINDOWS] = {"windows", tenant_run_windows,
                        "best groups of consecutive operators that wait for their windows"},
};
