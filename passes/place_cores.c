#include "backend/select.h"
#include "passes/place.h"
#include "passes/placing.h"

#include <stdlib.h>

void place_open(place_state *s, pass_context *c, ir_graph *g)
{
    const machine *m = c->machine;
    *s = (place_state){.context = c, .graph = g, .machine = m, .memory = c->memory};
    s->count = (size_t)m->nodes * (size_t)m->tiles * (size_t)m->cores;
    s->cores = ARENA_ARRAY(c->memory, place_core, s->count);
    for (size_t i = 0; i < s->count; i++) {
        size_t tile = i / (size_t)m->cores;
        s->cores[i].place =
            (ir_place){(int16_t)(tile / (size_t)m->tiles), (int16_t)(tile % (size_t)m->tiles),
                       (int16_t)(i % (size_t)m->cores), -1};
    }
}

place_core *place_core_at(place_state *s, ir_place p)
{
    return &s->cores[placing_core_index(s->machine, p)];
}

static bool is_free(const place_core *core)
{
    return core->grid.rows == 0;
}

bool place_suits(place_state *s, const ir_op *op, ir_place place)
{
    const place_core *core = place_core_at(s, place);
    return placing_once(op) || is_free(core) ||
           ir_same_grid(core->grid, ir_grid_of(s->graph, op->space));
}

/* What the op and the readers that come with it take of the core's time for each point. */
static int64_t cycles_of(const place_state *s, const ir_op *op)
{
    int64_t cycles = select_op_cycles(s->machine, op);
    for (uint32_t i = 0; i < op->arg_count; i++)
        if (ir_is_reader(op->args[i]->code))
            cycles += select_op_cycles(s->machine, op->args[i]);
    return cycles;
}

static int64_t transfer(const place_state *s, isa_op insn, const ir_op *value)
{
    bool travels = value->code != IR_const && value->type.kind == IR_VEC;
    return travels ? select_insn_cycles(s->machine, insn, value->type.lanes) : 0;
}

void place_charge(place_state *s, const ir_op *op)
{
    for (uint32_t i = 0; i < op->arg_count; i++)
        place_core_at(s, op->place)->work += transfer(s, ISA_load, op->args[i]);
}

static void charge_transfers(place_state *s, const ir_op *op, place_core *core)
{
    for (uint32_t i = 0; i < op->arg_count; i++) {
        const ir_op *arg = op->args[i];
        bool made = placing_on_core(arg);
        if (made && placing_same_core(arg->place, core->place))
            continue;
        core->work += transfer(s, ISA_load, arg);
        if (made)
            place_core_at(s, arg->place)->work += transfer(s, ISA_store, arg);
    }
}

void place_put(place_state *s, ir_op *op, ir_place place)
{
    place_core *core = place_core_at(s, place);
    op->place = placing_core_of(place);
    core->work += cycles_of(s, op);
    charge_transfers(s, op, core);
    if (!placing_once(op))
        core->grid = ir_grid_of(s->graph, op->space);
}

/* Hops between tiles, and much more between nodes. */
static int64_t distance(const machine *m, ir_place a, ir_place b)
{
    int rows = abs(a.tile / m->mesh_width - b.tile / m->mesh_width);
    int columns = abs(a.tile % m->mesh_width - b.tile % m->mesh_width);
    return rows + columns + (int64_t)abs(a.node - b.node) * m->tiles;
}

/*
 * How much a core costs: a tile's way away from the hint, then work. A free core counts as half a
 * product's time of work; one that has no time left comes after all that have.
 */
static int64_t price(const place_state *s, const place_core *core, int64_t cycles, ir_place hint)
{
    int64_t product = (int64_t)s->machine->t_mvm, work = is_free(core) ? product / 2 : core->work;
    int64_t full = core->work + cycles > product ? INT64_C(1) << 40 : 0;
    return full + distance(s->machine, core->place, hint) * product + work;
}

bool place_anywhere(place_state *s, ir_op *op, ir_place hint)
{
    place_core *best = NULL;
    int64_t cycles = cycles_of(s, op), least = INT64_MAX;
    for (size_t i = 0; i < s->count; i++) {
        if (!place_suits(s, op, s->cores[i].place))
            continue;
        int64_t p = price(s, &s->cores[i], cycles, hint);
        if (p < least) {
            least = p;
            best = &s->cores[i];
        }
    }
    if (best) {
        place_put(s, op, best->place);
        return true;
    }
    ir_grid grid = ir_grid_of(s->graph, op->space);
    diag_error(
        s->context->diag, op->where,
        "kernel '%s': no core is left for values of %u x %u positions: all %zu cores of machine "
        "'%s' run loops over other maps",
        s->graph->name, grid.rows, grid.columns, s->count,
        s->machine->name ? s->machine->name : "");
    diag_help(s->context->diag, "a core has one loop; give the machine more tiles or cores");
    return false;
}
