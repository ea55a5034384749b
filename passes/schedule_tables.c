#include "passes/schedule.h"

#include "backend/select.h"

core_info *schedule_core(schedule_state *s, ir_place place)
{
    uint32_t *index = &s->core_index[placing_core_index(s->machine, place)];
    if (!*index) {
        core_info fresh = {.place = placing_core_of(place), .grid = {1, 1}};
        ARENA_PUSH(s->memory, s->cores, s->core_count, s->core_capacity, fresh);
        *index = (uint32_t)s->core_count;
    }
    return &s->cores[*index - 1];
}

uint32_t schedule_unit(schedule_state *s, const ir_op *op)
{
    size_t core = placing_core_index(s->machine, op->place);
    uint32_t *index = &s->unit_index[core * (size_t)s->machine->mcus + (size_t)op->place.mcu];
    uint32_t operation = op->code == IR_mvm ? MCU_MVM : op->code == IR_mtvm ? MCU_MTVM : MCU_OPA;
    unit_info fresh = {.core = placing_core_of(op->place)};
    if (!*index) {
        *index = (uint32_t)s->unit_count + 1;
        for (int i = 0; i < MCU_OPERATIONS; i++)
            ARENA_PUSH(s->memory, s->units, s->unit_count, s->unit_capacity, fresh);
    }
    return *index - 1 + operation;
}

/* The loop of each core: that of its ops over positions, if it has any. */
static void find_grids(schedule_state *s)
{
    const machine *m = s->machine;
    size_t cores = (size_t)m->nodes * (size_t)m->tiles * (size_t)m->cores;
    s->core_index = ARENA_ARRAY(s->memory, uint32_t, cores);
    s->unit_index = ARENA_ARRAY(s->memory, uint32_t, cores * (size_t)m->mcus);
    s->core_count = s->unit_count = 0;
    IR_EACH(op, s->graph) {
        ir_grid grid = ir_grid_of(s->graph, op->space);
        if (schedule_in_loop(op) && ir_grid_points(grid) > 1)
            schedule_core(s, op->place)->grid = grid;
    }
}

op_time *schedule_time(schedule_state *s, const ir_op *op)
{
    return &s->times[op->id];
}

/* Cycles of the copies that bring a matrix op's operand into the MCU. */
static int64_t copies_in(const machine *m, const ir_op *op)
{
    int64_t cycles = 0;
    for (uint32_t i = 0; i < op->arg_count; i++) {
        isa_op insn = op->args[i]->code == IR_const ? ISA_set : ISA_copy;
        cycles += select_insn_cycles(m, insn, op->args[i]->type.lanes);
    }
    return cycles;
}

/* One more than the largest value of an attribute. */
static size_t attribute_range(const ir_graph *g, ir_attr_key key)
{
    int64_t most = -1;
    IR_EACH(op, g) {
        int64_t value = ir_get_int(op, key, -1);
        most = value > most ? value : most;
    }
    return (size_t)(most + 1);
}

static bool is_vector(const ir_op *op)
{
    return schedule_in_loop(op) &&
           (ir_ops[op->code].class == IR_CLASS_EACH || op->code == IR_concat);
}

/*
 * The one bundle that all uses of each op lead to, -1 if there is none: matrix ops that take it, or
 * vector ops that make nothing but operands of updates of it (what a product waits for must not be
 * put off).
 */
static int64_t *find_users_bundles(const schedule_state *s)
{
    enum { OPEN = -2, NONE = -1 };
    int64_t *bundles = ARENA_ARRAY(s->memory, int64_t, s->graph->next_id + 1);
    bool *updates = ARENA_ARRAY(s->memory, bool, s->graph->next_id + 1);
    for (ir_op *op = s->graph->last; op; op = op->previous) {
        int64_t all = OPEN;
        bool only = true;
        EACH_USER(user, &s->users, op) {
            int64_t its = placing_is_matrix(user) ? ir_get_int(user, IR_ATTR_bundle, NONE)
                          : updates[user->id]     ? bundles[user->id]
                                                  : NONE;
            all = all == OPEN || all == its ? its : NONE;
            only = only && (user->code == IR_opa || updates[user->id]);
        }
        bundles[op->id] = is_vector(op) && all >= 0 ? all : NONE;
        updates[op->id] = bundles[op->id] >= 0 && only;
    }
    return bundles;
}

/*
 * Ops that are worked out from loads just before the matrix ops of one bundle take them (rounded
 * operands of updates) are placed with the bundle, as late as it allows: made early they would wait
 * in a ring for their turn. So are comparisons of a load with a constant, with their first user.
 */
static bool is_late(schedule_state *s, const int64_t *bundles, const ir_op *op)
{
    bool late = bundles[op->id] >= 0 ||
                (placing_is_choice(op) && schedule_is_load(op->args[0]));
    for (uint32_t i = 0; late && i < op->arg_count; i++) {
        const ir_op *arg = op->args[i];
        late = !schedule_in_loop(arg) || schedule_is_load(arg) || schedule_time(s, arg)->late;
    }
    return late;
}

static void add_to_slot(schedule_state *s, ir_op *op)
{
    slot_info *slot = &s->slots[ir_get_int(op, IR_ATTR_slot, 0)];
    struct bundle_info *bundle = &s->bundles[ir_get_int(op, IR_ATTR_bundle, 0)];
    ARENA_PUSH(s->memory, bundle->ops, bundle->count, bundle->capacity, op);
    int64_t rounds = ir_get_int(op, IR_ATTR_round, 0) + 1;
    bundle->rounds = rounds > bundle->rounds ? rounds : bundle->rounds;
    int64_t cycles = select_matrix_cycles(s->machine, op);
    ARENA_PUSH(s->memory, slot->ops, slot->count, slot->capacity, op);
    slot->copies_in += copies_in(s->machine, op);
    slot->cycles = cycles > slot->cycles ? cycles : slot->cycles;
    if (op->code != IR_opa)
        slot->collects += select_insn_cycles(s->machine, ISA_copy, op->type.lanes);
}

/* What the operations of a slot take of their units, at least. */
static void add_unit_work(schedule_state *s, const slot_info *slot, int64_t issue)
{
    for (size_t i = 0; i < slot->count; i++) {
        uint32_t unit = schedule_unit(s, slot->ops[i]);
        s->units[unit].work += slot->copies_in + issue + slot->cycles + slot->collects;
    }
}

void schedule_tables(schedule_state *s)
{
    ir_graph_renumber(s->graph);
    s->times = ARENA_ARRAY(s->memory, op_time, s->graph->next_id + 1);
    find_grids(s);
    s->users = users_of_graph(s->memory, s->graph);
    s->recurrences = ir_recurrences_of(s->memory, s->graph);
    s->alignments = ARENA_ARRAY(s->memory, alignment, s->recurrences.count + 1);
    s->bundles =
        ARENA_ARRAY(s->memory, struct bundle_info, attribute_range(s->graph, IR_ATTR_bundle) + 1);
    s->slot_count = attribute_range(s->graph, IR_ATTR_slot);
    s->slots = ARENA_ARRAY(s->memory, slot_info, s->slot_count + 1);
    const int64_t *bundles = find_users_bundles(s);
    IR_EACH(op, s->graph) {
        if (!schedule_in_loop(op))
            continue;
        core_info *core = schedule_core(s, op->place);
        op_time *time = schedule_time(s, op);
        if (placing_is_matrix(op)) {
            add_to_slot(s, op);
        } else {
            time->cycles = select_op_cycles(s->machine, op);
            time->late = is_late(s, bundles, op);
            core->work += time->cycles;
        }
    }
    schedule_adopt(s);
    int64_t issue = select_insn_cycles(s->machine, ISA_mcu, 0);
    for (size_t i = 0; i < s->slot_count; i++) {
        const slot_info *slot = &s->slots[i];
        if (!slot->count)
            continue;
        bool blocks = s->machine->issue == ISSUE_BLOCKING;
        schedule_core(s, slot->ops[0]->place)->work +=
            slot->copies_in + issue + (blocks ? slot->cycles : 0);
        if (!blocks)
            add_unit_work(s, slot, issue);
    }
}

/* The rounds of a bundle follow each other, each with an instruction of its own. */
static int64_t slot_turnaround(const schedule_state *s, const slot_info *slot)
{
    int64_t rounds = s->bundles[ir_get_int(slot->ops[0], IR_ATTR_bundle, 0)].rounds;
    int64_t issue = select_insn_cycles(s->machine, ISA_mcu, 0), cycles = 2;
    const slot_info *round = slot - ir_get_int(slot->ops[0], IR_ATTR_round, 0);
    for (; rounds > 0; rounds--, round++)
        cycles += round->cycles + round->copies_in + round->collects + issue;
    return cycles;
}

int64_t schedule_least_interval(schedule_state *s)
{
    int64_t least = 1;
    for (size_t i = 0; i < s->core_count; i++) {
        const core_info *core = &s->cores[i];
        int64_t cycles = core->work * schedule_points(core);
        least = cycles > least ? cycles : least;
        least = schedule_points(core) > least ? schedule_points(core) : least;
    }
    for (size_t i = 0; i < s->slot_count; i++) {
        const slot_info *slot = &s->slots[i];
        if (!slot->count)
            continue;
        int64_t cycles =
            slot_turnaround(s, slot) * schedule_points(schedule_core(s, slot->ops[0]->place));
        least = cycles > least ? cycles : least;
    }
    for (size_t i = 0; i < s->unit_count; i++) {
        int64_t cycles = s->units[i].work * schedule_points(schedule_core(s, s->units[i].core));
        least = cycles > least ? cycles : least;
    }
    return least;
}
