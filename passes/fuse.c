/*
 * Fuse: which matrix operations of a core share an `mcu` instruction.
 *
 * Operations of one core that have the same number of matrix operations before them on every path
 * handle the same point at the same time: they form a *bundle* (different MCUs of one layer; MTVM
 * and OPA of one example). They cannot depend on each other, so one instruction may start them all.
 * An MCU that a bundle uses twice for the same operation makes a second *round*. A recurrence cannot
 * wait for what is not in it: its operations are in bundles of their own, with products that go
 * nowhere else, and so are those that follow it.
 *
 * On a blocking machine the core stands still during an `mcu`, so bundles of different depth (the
 * forward pass of example n, the backward pass of example n - d) share a *slot*, one instruction with
 * several mask bits. The schedule then keeps them a whole number of turns apart, which is all that a
 * dependence between them asks for. Of a bundle with several rounds the first may do so, where the others
 * are updates only (a copy takes those of all copies); these follow when there is time. Only where time is short: a layer with few positions beside one
 * with many has turns long enough for instructions of its own, and a turn is long to wait. On an
 * overlapped machine every bundle has a slot of its
 * own: waiting for each other's operands would only cost time (reference: rolled programs, 4.2).
 *
 * Every MVM and MTVM gets a `collect`, which saves the output registers before the next issue.
 */
#include "backend/select.h"
#include "ir/recurrence.h"
#include "ir/ring.h"
#include "passes/passes.h"
#include "passes/placing.h"
#include "passes/users.h"

typedef struct bundle {
    ir_place core;
    int64_t points; /* of the core's grid */
    uint32_t depth;
    bool once;
    uint32_t recurrence; /* that its ops are in; 0: none */
    int64_t slot, rounds;
    bool products_again; /* there are other operations than updates after the first round */
    int64_t slots;       /* of a bundle that leads a slot: for its rounds, or those of one in it */
    uint32_t used[MCU_OPERATIONS]; /* of the slot: bit per MCU, for each operation of the first round */
    ir_op **ops;
    size_t count, capacity;
    bool follows; /* shares the slot of an earlier bundle */
    int in_slot;  /* bundles in the slot that this one leads */
} bundle;

typedef struct fuse_state {
    arena *memory;
    ir_graph *graph;
    uint32_t *depth; /* by op id */
    ir_recurrences recurrences;
    uint32_t *into; /* by op id: the recurrence that takes all that comes of it at a point */
    bundle **bundles;
    size_t count, capacity;
    bool blocking;
    int64_t busiest; /* products per example on the busiest crossbar, in one direction */
    int64_t slots;
} fuse_state;

static int operation_of(const ir_op *op)
{
    return op->code == IR_mvm ? MCU_MVM : op->code == IR_mtvm ? MCU_MTVM : MCU_OPA;
}

/* Matrix operations on the longest path to each op, itself included. */
static void find_depths(fuse_state *f)
{
    IR_EACH(op, f->graph) {
        uint32_t most = 0;
        for (uint32_t i = 0; i < op->arg_count; i++) {
            uint32_t d = f->depth[op->args[i]->id];
            most = d > most ? d : most;
        }
        f->depth[op->id] = most + placing_is_matrix(op);
    }
}

static bool same_mcu(const ir_op *a, const ir_op *b)
{
    return placing_same_core(a->place, b->place) && a->place.mcu == b->place.mcu;
}

/*
 * Updates of one MCU take effect in the order examples, then statements: they are kept in one
 * bundle, at the depth of the deepest.
 */
static void join_updates(fuse_state *f)
{
    IR_EACH(a, f->graph) {
        if (a->code != IR_opa)
            continue;
        for (ir_op *b = a->next; b; b = b->next)
            if (b->code == IR_opa && same_mcu(a, b)) {
                uint32_t *da = &f->depth[a->id], *db = &f->depth[b->id];
                *da = *db = *da > *db ? *da : *db;
            }
    }
}

/*
 * What goes through vector ops into one recurrence and nowhere else, such as the product of those
 * blocks of a matrix that only the input of a step meets.
 */
static void find_into(fuse_state *f)
{
    user_index users = users_of_graph(f->memory, f->graph);
    f->into = ARENA_ARRAY(f->memory, uint32_t, f->graph->next_id + 1);
    for (const ir_op *op = f->graph->last; op && f->recurrences.states; op = op->previous) {
        ir_class class = ir_ops[op->code].class;
        bool passes = class == IR_CLASS_EACH || class == IR_CLASS_SHAPE || op->code == IR_mvm ||
                      op->code == IR_mtvm;
        uint32_t into = f->recurrences.of[op->id];
        bool first = true;
        EACH_USER(user, &users, op) {
            bool same = first || into == f->into[user->id];
            into = f->recurrences.of[op->id] ? into : passes && same ? f->into[user->id] : 0;
            passes = passes && same && !placing_is_matrix(user);
            first = false;
        }
        f->into[op->id] = f->recurrences.of[op->id] || passes ? into : 0;
    }
}

static uint32_t recurrence_of(const fuse_state *f, const ir_op *op)
{
    return f->recurrences.states ? f->into[op->id] : 0;
}

/* In a recurrence only its own matrix operations count: all else is there before a point begins. */
static void find_inner_depths(fuse_state *f)
{
    uint32_t *inner = ARENA_ARRAY(f->memory, uint32_t, f->graph->next_id + 1);
    IR_EACH(op, f->graph) {
        uint32_t r = recurrence_of(f, op);
        for (uint32_t i = 0; r && i < op->arg_count; i++) {
            uint32_t d = recurrence_of(f, op->args[i]) == r ? inner[op->args[i]->id] : 0;
            inner[op->id] = d > inner[op->id] ? d : inner[op->id];
        }
        inner[op->id] += r && placing_is_matrix(op);
        f->depth[op->id] = r ? inner[op->id] : f->depth[op->id];
    }
}

/* Bundles that none of a recurrence's own operations is in are in none. */
static void leave_recurrences(fuse_state *f)
{
    for (size_t i = 0; i < f->count; i++) {
        bundle *b = f->bundles[i];
        bool inside = false;
        for (size_t k = 0; b->recurrence && k < b->count; k++)
            inside = inside || f->recurrences.of[b->ops[k]->id];
        b->recurrence = inside ? b->recurrence : 0;
    }
}

static bool is_after(const fuse_state *f, const bundle *b, uint32_t recurrence)
{
    const ir_recurrences *r = &f->recurrences;
    uint64_t word = r->after[b->ops[0]->id * r->words + (recurrence - 1) / 64];
    return word >> (recurrence - 1) % 64 & 1;
}

/* Beside recurrences, updates stay among themselves: nothing waits for them, they wait for all. */
static bool follows_alike(const fuse_state *f, const ir_op *a, const ir_op *b)
{
    bool updates = a->code == IR_opa;
    return !f->recurrences.states || (updates == (b->code == IR_opa) &&
                                      (updates || ir_same_recurrences(&f->recurrences, a, b)));
}

static bool belongs(const fuse_state *f, const bundle *b, const ir_op *op)
{
    return placing_same_core(b->core, op->place) && b->depth == f->depth[op->id] &&
           b->once == placing_once(op) && b->recurrence == recurrence_of(f, op) &&
           (b->recurrence || follows_alike(f, b->ops[0], op));
}

static bundle *bundle_of(fuse_state *f, const ir_op *op)
{
    for (size_t i = 0; i < f->count; i++)
        if (belongs(f, f->bundles[i], op))
            return f->bundles[i];
    bundle *b = ARENA_NEW(f->memory, bundle);
    b->core = placing_core_of(op->place);
    b->points = (int64_t)ir_grid_points(ir_grid_of(f->graph, op->space));
    b->depth = f->depth[op->id];
    b->once = placing_once(op);
    b->recurrence = recurrence_of(f, op);
    b->slot = -1;
    ARENA_PUSH(f->memory, f->bundles, f->count, f->capacity, b);
    return b;
}

/* How often the bundle already uses the op's MCU for the same operation. */
static int64_t round_of(const bundle *b, const ir_op *op)
{
    int64_t round = 0;
    for (size_t i = 0; i < b->count; i++)
        round += b->ops[i]->code == op->code && same_mcu(b->ops[i], op);
    return round;
}

static void form_bundles(fuse_state *f)
{
    IR_EACH(op, f->graph) {
        if (!placing_is_matrix(op))
            continue;
        bundle *b = bundle_of(f, op);
        int64_t round = round_of(b, op);
        b->rounds = round + 1 > b->rounds ? round + 1 : b->rounds;
        ir_set_int(f->graph, op, IR_ATTR_round, round);
        if (round == 0)
            b->used[operation_of(op)] |= 1u << op->place.mcu;
        else
            b->products_again = b->products_again || op->code != IR_opa;
        ARENA_PUSH(f->memory, b->ops, b->count, b->capacity, op);
    }
}

/* Whether the first round of a bundle may be part of a slot: later ones do not wait for it. */
static bool first_is_free(const bundle *b)
{
    return b->rounds == 1 || !(b->products_again || b->recurrence);
}

/*
 * Whether the first rounds of two bundles may be one instruction: same core, no MCU operation twice.
 * Later rounds of one of them follow in slots of their own.
 */
static bool may_share(const bundle *slot, const bundle *b)
{
    if (!placing_same_core(slot->core, b->core) || slot->once || b->once ||
        (slot->slots > 1 && b->rounds > 1) || !first_is_free(slot) || !first_is_free(b))
        return false;
    for (int o = 0; o < MCU_OPERATIONS; o++)
        if (slot->used[o] & b->used[o])
            return false;
    return true;
}

/*
 * Whether the bundles of a core get slots of their own: they fit into its turn one after the other with
 * as much time for vectors, or are the many steps of one recurrence, each of which would miss the slot
 * of the other direction by a little and wait for a whole turn.
 */
static bool stays_alone(const fuse_state *f, const bundle *b)
{
    enum { SHARING_MOST = 8 };
    int64_t bundles = 0;
    for (size_t i = 0; i < f->count; i++)
        bundles += placing_same_core(f->bundles[i]->core, b->core);
    return bundles > SHARING_MOST || 2 * bundles * b->points <= f->busiest;
}

/* Of two bundles of one slot: neither makes a recurrence wait for more than can be avoided. */
static bool keep_step_with(const fuse_state *f, const bundle *a, const bundle *b)
{
    if (a->recurrence && b->recurrence)
        return a->recurrence != b->recurrence;
    if (a->recurrence)
        return is_after(f, b, a->recurrence);
    return !b->recurrence || is_after(f, a, b->recurrence);
}

/*
 * What follows a recurrence can wait for a turn, and a recurrence can be brought into step with the
 * others in a slot (schedule_state.c).
 */
static bool keep_step(const fuse_state *f, const bundle *first, const bundle *b)
{
    for (size_t i = 0; f->bundles[i] != b; i++)
        if (f->bundles[i]->slot == first->slot && !keep_step_with(f, f->bundles[i], b))
            return false;
    return true;
}

/* The first bundle of a slot speaks for it: its masks are those of all bundles in the slot. */
static bundle *slot_for(fuse_state *f, size_t index)
{
    const bundle *b = f->bundles[index];
    if (!f->blocking || stays_alone(f, b))
        return NULL;
    for (size_t i = 0; i < index; i++) {
        bundle *first = f->bundles[i];
        if (!first->follows && first->in_slot < BACKEND_SKEWS_MOST && may_share(first, b) &&
            keep_step(f, first, b))
            return first;
    }
    return NULL;
}

/* Bundles in one slot, by the number of the one that leads it. */
static void join_bundles(fuse_state *f)
{
    for (size_t i = 0; i < f->count; i++) {
        bundle *b = f->bundles[i], *first = slot_for(f, i);
        if (!first) {
            b->slot = (int64_t)i;
            b->slots = b->rounds;
            b->in_slot = 1;
            continue;
        }
        for (int o = 0; o < MCU_OPERATIONS; o++)
            first->used[o] |= b->used[o];
        first->slots = b->rounds > first->slots ? b->rounds : first->slots;
        b->slot = first->slot;
        b->follows = true;
        first->in_slot++;
    }
}

static void form_slots(fuse_state *f)
{
    int64_t *numbers = ARENA_ARRAY(f->memory, int64_t, f->count + 1);
    join_bundles(f);
    for (size_t i = 0; i < f->count; i++) {
        bundle *b = f->bundles[i];
        if (!b->follows) {
            numbers[i] = f->slots;
            f->slots += b->slots;
        }
        b->slot = numbers[b->slot];
    }
}

static void write_attributes(fuse_state *f)
{
    for (size_t i = 0; i < f->count; i++)
        for (size_t k = 0; k < f->bundles[i]->count; k++) {
            ir_op *op = f->bundles[i]->ops[k];
            int64_t round = ir_get_int(op, IR_ATTR_round, 0);
            ir_set_int(f->graph, op, IR_ATTR_bundle, (int64_t)i);
            ir_set_int(f->graph, op, IR_ATTR_slot, f->bundles[i]->slot + round);
        }
}

static ir_op *collect_of(fuse_state *f, ir_op *op)
{
    ir_op *collect = ir_op_new(f->graph, op, IR_collect, op->type, &op, 1, op->where);
    collect->space = op->space;
    collect->place = placing_core_of(op->place);
    const char *layer = ir_get_name(op, IR_ATTR_layer, NULL);
    if (layer)
        ir_set_name(f->graph, collect, IR_ATTR_layer, layer);
    const ir_attr *group = ir_get(op, IR_ATTR_group);
    if (group)
        ir_set_int(f->graph, collect, IR_ATTR_group, group->value);
    return collect;
}

static void add_collects(fuse_state *f)
{
    IR_EACH(op, f->graph) {
        for (uint32_t i = 0; i < op->arg_count; i++)
            if (op->args[i]->scratch)
                op->args[i] = op->args[i]->scratch;
        if (op->code == IR_mvm || op->code == IR_mtvm)
            op->scratch = collect_of(f, op);
    }
    IR_EACH(op, f->graph)
        op->scratch = NULL;
}

bool pass_fuse(pass_context *c)
{
    for (size_t i = 0; i < c->module->graph_count; i++) {
        ir_graph *g = c->module->graphs[i];
        ir_graph_renumber(g);
        fuse_state f = {
            .memory = c->memory,
            .graph = g,
            .depth = ARENA_ARRAY(c->memory, uint32_t, g->next_id + 1),
            .recurrences = ir_recurrences_of(c->memory, g),
            .blocking = c->machine->issue == ISSUE_BLOCKING,
        };
        find_depths(&f);
        join_updates(&f);
        find_into(&f);
        find_inner_depths(&f);
        form_bundles(&f);
        leave_recurrences(&f);
        for (size_t k = 0; k < f.count; k++)
            f.busiest = f.bundles[k]->points > f.busiest ? f.bundles[k]->points : f.busiest;
        form_slots(&f);
        write_attributes(&f);
        add_collects(&f);
        ir_graph_renumber(g);
    }
    return true;
}
