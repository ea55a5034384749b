/*
 * The code of a core or control thread:
 *
 *             sset  s0, 0                ; iteration
 *             (ops that run once)
 *     loop:   (events of the body; ops of skew d under the guard d <= s0 < d + points)
 *             saddi s0, s0, 1
 *             blt   s0, points + last skew, loop
 *             halt
 *
 * The text depends neither on the number of points nor on ring depths; both are immediates.
 */
#include "backend/emitter.h"
#include "backend/select.h"
#include "isa/support/fixed.h"

void emit_insn(emitter *e, isa_op op, const int32_t *fields, int count)
{
    isa_insn insn = {.op = op};
    for (int i = 0; i < count; i++)
        insn.field[i] = fields[i];
    code_emit(&e->code, &insn, e->op);
}

static void close_guard(emitter *e)
{
    if (e->skew >= 0)
        code_here(&e->code, &e->guard, NULL);
    e->skew = -1;
}

void emit_guard(emitter *e, int64_t skew)
{
    const agent_program *p = e->program;
    if (e->skew == skew)
        return;
    close_guard(e);
    int32_t from = (int32_t)skew, to = (int32_t)(skew + p->points);
    if (from > 0)
        code_jump(&e->code, (isa_insn){ISA_blti, {SCALAR_ITERATION, from}}, &e->guard);
    if (skew < p->last_skew)
        code_jump(&e->code, (isa_insn){ISA_bgei, {SCALAR_ITERATION, to}}, &e->guard);
    e->skew = skew;
}

static int32_t scratch_register(const agent_program *p, int which)
{
    return p->scratch + which * (int32_t)p->scratch_words;
}

/* The register of an operand; a spilled one is fetched into scratch register `which` first. */
static int32_t operand(emitter *e, const ir_op *value, int which)
{
    int32_t offset = 0;
    const value_home *h = backend_home(e->program, value, &offset);
    if (h->reg >= 0)
        return h->reg + offset;
    int32_t at = scratch_register(e->program, which);
    EMIT(e, ISA_peek, at, SCALAR_ZERO, (int32_t)h->spill, (int32_t)h->words);
    return at + offset;
}

static int32_t result_register(const emitter *e, const ir_op *op)
{
    const value_home *h = backend_home(e->program, op, NULL);
    return h->reg >= 0 ? h->reg : scratch_register(e->program, 0);
}

static void finish_result(emitter *e, const ir_op *op)
{
    const value_home *h = backend_home(e->program, op, NULL);
    if (h->reg < 0)
        EMIT(e, ISA_store, SCALAR_ZERO, (int32_t)h->spill, scratch_register(e->program, 0),
             (int32_t)h->words, 0);
}

static int32_t constant_word(const ir_op *op)
{
    const ir_attr *value = ir_get(op, IR_ATTR_value);
    double v = value ? value->real : 0;
    return fixed_from_double(v, op->type.q);
}

/* Registers of an MCU and the joined pieces that go there. */
static void copy_pieces(emitter *e, const ir_op *op, uint32_t first, uint32_t count, mcu_vector to)
{
    int offset = 0;
    for (uint32_t i = first; i < first + count; i++) {
        const ir_op *piece = op->args[i];
        int32_t words = (int32_t)piece->type.lanes, at = isa_vector_mcu(op->place.mcu, to, offset);
        if (piece->code == IR_const)
            EMIT(e, ISA_set, at, constant_word(piece), words);
        else
            EMIT(e, ISA_copy, at, operand(e, piece, 1), words);
        offset += words;
    }
}

static void copy_operands(emitter *e, const ir_op *op)
{
    e->op = op;
    if (op->code == IR_opa) {
        uint32_t columns = (uint32_t)ir_get_int(op, IR_ATTR_ncol, 1);
        copy_pieces(e, op, columns, op->arg_count - columns, MCU_OPA_ROW);
        copy_pieces(e, op, 0, columns, MCU_OPA_COL);
    } else {
        copy_pieces(e, op, 0, op->arg_count, op->code == IR_mvm ? MCU_MVM_IN : MCU_MTVM_IN);
    }
}

static int32_t mask_of(const ir_op *op)
{
    int bit = op->code == IR_mvm ? MCU_MVM : op->code == IR_mtvm ? MCU_MTVM : MCU_OPA;
    return 1 << (3 * op->place.mcu + bit);
}

/* The different skews of a slot's ops, ascending. */
static size_t slot_skews(const loop_event *slot, int64_t *skews)
{
    size_t count = 0;
    for (size_t i = 0; i < slot->count; i++) {
        int64_t skew = backend_skew(slot->ops[i]);
        size_t at = 0;
        while (at < count && skews[at] < skew)
            at++;
        if (at < count && skews[at] == skew)
            continue;
        for (size_t k = count; k > at; k--)
            skews[k] = skews[k - 1];
        skews[at] = skew;
        count++;
    }
    return count;
}

static int32_t mask_between(const loop_event *slot, int64_t first, int64_t last)
{
    int32_t mask = 0;
    for (size_t i = 0; i < slot->count; i++) {
        int64_t skew = backend_skew(slot->ops[i]);
        mask |= skew >= first && skew <= last ? mask_of(slot->ops[i]) : 0;
    }
    return mask;
}

/*
 * One mcu for each set of skews that can be active together. At iteration t those with
 * t - points < skew <= t are: a run of neighbours, the usual case (all of them) first.
 */
static void emit_variants(emitter *e, const loop_event *slot, const int64_t *skews, size_t count)
{
    code_patch done = {0}, lower = {0};
    for (size_t last = count; last-- > 0;) {
        if (last > 0 || skews[0] > 0)
            code_jump(&e->code, (isa_insn){ISA_blti, {SCALAR_ITERATION, (int32_t)skews[last]}},
                      &lower);
        for (size_t first = 0; first <= last; first++) {
            code_patch ended = {0};
            int32_t end = (int32_t)(skews[first] + e->program->points);
            code_jump(&e->code, (isa_insn){ISA_bgei, {SCALAR_ITERATION, end}}, &ended);
            EMIT(e, ISA_mcu, mask_between(slot, skews[first], skews[last]));
            code_jump(&e->code, (isa_insn){.op = ISA_jmp}, &done);
            code_here(&e->code, &ended, NULL);
        }
        if (last > 0)
            code_jump(&e->code, (isa_insn){.op = ISA_jmp}, &done);
        code_here(&e->code, &lower, NULL);
    }
    code_here(&e->code, &done, NULL);
}

static void emit_slot(emitter *e, const loop_event *slot)
{
    int64_t skews[BACKEND_SKEWS_MOST];
    size_t count = slot_skews(slot, skews);
    for (size_t k = 0; k < count; k++)
        for (size_t i = 0; i < slot->count; i++)
            if (backend_skew(slot->ops[i]) == skews[k]) {
                emit_guard(e, skews[k]);
                copy_operands(e, slot->ops[i]);
            }
    if (count == 1) {
        EMIT(e, ISA_mcu, mask_between(slot, skews[0], skews[0]));
        return;
    }
    close_guard(e);
    emit_variants(e, slot, skews, count);
}

/* The base register of a ring access: a moving pointer, or none for what there is once. */
static int32_t ring_base(emitter *e, const ir_op *op)
{
    return op->space.count ? backend_base(e->state, e->program, op) : SCALAR_ZERO;
}

static void emit_load(emitter *e, const ir_op *op)
{
    const ir_buffer *ring = backend_ring(e->state, op);
    /* A value of an example that is read at every position is given up after the last one. */
    bool kept = op->space.count && ring->points == 1 && ir_grid_points(e->program->grid) > 1;
    isa_op insn = ir_get_int(op, IR_ATTR_take, 1) && !kept ? ISA_load : ISA_peek;
    EMIT(e, insn, result_register(e, op), ring_base(e, op), (int32_t)backend_offset(e->state, op),
         (int32_t)op->type.lanes);
    finish_result(e, op);
}

/* Jumps to `patch` unless the point's row (column), counted by the kernel's stride, is the tap's. */
static void skip_other_residues(emitter *e, const ir_op *op, code_patch *patch)
{
    const ring_pointer *r =
        op->space.count ? backend_pointer(e->state, e->program, op) : NULL;
    for (int axis = 0; r && axis < 2; axis++)
        if (r->phase[axis] >= 0)
            code_jump(&e->code,
                      (isa_insn){ISA_bnei, {r->phase[axis], (int32_t)ir_reader_residue(op, axis)}},
                      patch);
}

/* A pixel that lies under no tap of any position gets 0. */
static void emit_reader(emitter *e, const ir_op *op)
{
    code_patch elsewhere = {0};
    int32_t at = result_register(e, op), words = (int32_t)op->type.lanes;
    ir_axis axes[2];
    ir_reader_axes(e->state->graph, op, axes);
    if (axes[0].every > 1 || axes[1].every > 1)
        EMIT(e, ISA_set, at, 0, words);
    skip_other_residues(e, op, &elsewhere);
    EMIT(e, ISA_peek, at, ring_base(e, op), (int32_t)backend_offset(e->state, op), words);
    code_here(&e->code, &elsewhere, NULL);
    finish_result(e, op);
}

/* The first pixel of a map starts the sum. */
static void emit_running(emitter *e, const ir_op *op)
{
    const grid_position *at = backend_position(e->program, backend_skew(op));
    code_patch add = {0}, done = {0};
    int32_t sum = result_register(e, op), pixel = operand(e, op->args[0], 1),
            words = (int32_t)op->type.lanes;
    if (at) {
        code_jump(&e->code, (isa_insn){ISA_bnei, {at->column, 0}}, &add);
        code_jump(&e->code, (isa_insn){ISA_bnei, {at->row, 0}}, &add);
    }
    EMIT(e, ISA_copy, sum, pixel, words);
    if (at) {
        code_jump(&e->code, (isa_insn){.op = ISA_jmp}, &done);
        code_here(&e->code, &add, NULL);
        EMIT(e, ISA_add, sum, operand(e, op, 0), pixel, words);
        code_here(&e->code, &done, NULL);
    }
    finish_result(e, op);
}

/* The next of a prev: both are on one core. */
static const ir_op *next_of(const ir_op *prev)
{
    int64_t state = ir_get_int(prev, IR_ATTR_state, -1);
    const ir_op *op = prev->next;
    while (op->code != IR_next || ir_get_int(op, IR_ATTR_state, -1) != state)
        op = op->next;
    return op;
}

/* Jumps to `patch` unless the point is the first of its map. */
static void skip_first_point(emitter *e, const ir_op *op, code_patch *patch)
{
    const grid_position *at = backend_position(e->program, backend_skew(op));
    if (at && e->program->grid.columns > 1)
        code_jump(&e->code, (isa_insn){ISA_bnei, {at->column, 0}}, patch);
    if (at && e->program->grid.rows > 1)
        code_jump(&e->code, (isa_insn){ISA_bnei, {at->row, 0}}, patch);
}

/* What next left in its register, which the core keeps from one point to the next. */
static void emit_prev(emitter *e, const ir_op *op)
{
    code_patch carried = {0}, done = {0};
    int32_t at = result_register(e, op), words = (int32_t)op->type.lanes;
    skip_first_point(e, op, &carried);
    EMIT(e, ISA_copy, at, operand(e, op->args[0], 1), words);
    code_jump(&e->code, (isa_insn){.op = ISA_jmp}, &done);
    code_here(&e->code, &carried, NULL);
    EMIT(e, ISA_copy, at, operand(e, next_of(op), 0), words);
    code_here(&e->code, &done, NULL);
    finish_result(e, op);
}

static void emit_store(emitter *e, const ir_op *op)
{
    int32_t base = ring_base(e, op), from = operand(e, op->args[0], 1);
    EMIT(e, ISA_store, base, (int32_t)backend_offset(e->state, op), from, (int32_t)op->type.lanes,
         (int32_t)backend_ring(e->state, op)->consumers);
}

static void emit_concat(emitter *e, const ir_op *op)
{
    int32_t at = result_register(e, op);
    for (uint32_t i = 0; i < op->arg_count; i++) {
        int32_t words = (int32_t)op->args[i]->type.lanes;
        EMIT(e, ISA_copy, at, operand(e, op->args[i], 1), words);
        at += words;
    }
    finish_result(e, op);
}

static void emit_collect(emitter *e, const ir_op *op)
{
    const ir_op *matrix = op->args[0];
    mcu_vector from = matrix->code == IR_mvm ? MCU_MVM_OUT : MCU_MTVM_OUT;
    EMIT(e, ISA_copy, result_register(e, op), isa_vector_mcu(matrix->place.mcu, from, 0),
         (int32_t)op->type.lanes);
    finish_result(e, op);
}

static void emit_vector(emitter *e, const ir_op *op)
{
    select_operands at = {0};
    for (uint32_t i = 0; i < op->arg_count && i < 3; i++)
        at.args[i] = operand(e, op->args[i], 1 + (int)i);
    at.result = result_register(e, op);
    isa_insn insns[SELECT_MOST];
    int count = select_vector(op, &at, insns);
    for (int i = 0; i < count; i++)
        code_emit(&e->code, &insns[i], op);
    finish_result(e, op);
}

/* To the tile of the receive that takes the packet (agents.c has noted it), else to the host. */
static void find_destination(const ir_op *send, int32_t *node, int32_t *tile)
{
    const ir_op *receive = send->scratch;
    *node = receive ? receive->place.node : ISA_NODE_HOST;
    *tile = receive ? receive->place.tile : 0;
}

static void emit_send(emitter *e, const ir_op *op)
{
    int32_t node, tile, channel = (int32_t)ir_get_int(op, IR_ATTR_channel, 0);
    find_destination(op, &node, &tile);
    EMIT(e, ISA_send, ring_base(e, op), (int32_t)backend_offset(e->state, op),
         (int32_t)op->type.lanes, node, tile, channel);
}

static void emit_receive(emitter *e, const ir_op *op)
{
    int32_t channel = (int32_t)ir_get_int(op, IR_ATTR_channel, 0);
    EMIT(e, ISA_receive, ring_base(e, op), (int32_t)backend_offset(e->state, op),
         (int32_t)op->type.lanes, channel, (int32_t)backend_ring(e->state, op)->consumers);
}

typedef void emit_function(emitter *e, const ir_op *op);

static emit_function *const emitters[IR_OPCODES] = {
    [IR_load] = emit_load,        [IR_store] = emit_store,     [IR_concat] = emit_concat,
    [IR_collect] = emit_collect,  [IR_send] = emit_send,       [IR_receive] = emit_receive,
    [IR_tap] = emit_reader,       [IR_untap] = emit_reader,    [IR_flatten] = emit_reader,
    [IR_unflatten] = emit_reader, [IR_running] = emit_running,   [IR_reverse] = emit_reader,
    [IR_prev] = emit_prev,
};

static void emit_op(emitter *e, const ir_op *op)
{
    e->op = op;
    (emitters[op->code] ? emitters[op->code] : emit_vector)(e, op);
}

static void emit_constants(emitter *e)
{
    for (size_t i = 0; i < e->program->home_count; i++) {
        const ir_op *op = e->program->homes[i].op;
        e->op = op;
        if (op->code != IR_const)
            continue;
        EMIT(e, ISA_set, result_register(e, op), constant_word(op), (int32_t)op->type.lanes);
        finish_result(e, op);
    }
}

static void emit_prologue(emitter *e)
{
    EMIT(e, ISA_sset, SCALAR_ITERATION, 0);
    EMIT(e, ISA_sset, SCALAR_ZERO, 0);
    emit_first_point(e);
    emit_constants(e);
    for (size_t i = 0; i < e->program->once_count; i++) {
        ir_op *op = e->program->once[i];
        if (backend_is_matrix(op)) {
            copy_operands(e, op);
            EMIT(e, ISA_mcu, mask_of(op));
        } else {
            emit_op(e, op);
        }
    }
}

/* Whether any event from `index` on has an op of this skew. */
static bool skew_returns(const agent_program *p, size_t index, int64_t skew)
{
    for (size_t i = index; i < p->event_count; i++)
        for (size_t k = 0; k < p->events[i].count; k++)
            if (backend_skew(p->events[i].ops[k]) == skew)
                return true;
    return false;
}

/* After its last op in the body a skew moves on to its next point, under the guard that is open anyway. */
static void advance_skews(emitter *e, const loop_event *event, size_t next)
{
    for (size_t k = 0; k < event->count; k++) {
        int64_t skew = backend_skew(event->ops[k]);
        bool again = skew_returns(e->program, next, skew);
        for (size_t j = 0; j < k; j++)
            again = again || backend_skew(event->ops[j]) == skew;
        if (!again)
            emit_advance(e, skew);
    }
}

/* One op; what there is once per example on a loop over positions waits for the last of them. */
static void emit_event(emitter *e, const ir_op *op)
{
    code_patch before = {0};
    emit_guard(e, backend_skew(op));
    if (backend_is_last(e->state, e->program, op)) {
        const grid_position *at = backend_position(e->program, backend_skew(op));
        int32_t row = (int32_t)e->program->grid.rows - 1,
                column = (int32_t)e->program->grid.columns - 1;
        code_jump(&e->code, (isa_insn){ISA_bnei, {at->column, column}}, &before);
        code_jump(&e->code, (isa_insn){ISA_bnei, {at->row, row}}, &before);
    }
    emit_op(e, op);
    code_here(&e->code, &before, NULL);
}

static void emit_loop(emitter *e)
{
    const agent_program *p = e->program;
    size_t start = e->code.count;
    code_here(&e->code, NULL, "loop");
    for (size_t i = 0; i < p->event_count; i++) {
        const loop_event *event = &p->events[i];
        if (!event->count)
            continue;
        if (backend_is_matrix(event->ops[0]))
            emit_slot(e, event);
        else
            emit_event(e, event->ops[0]);
        advance_skews(e, event, i + 1);
    }
    close_guard(e);
    e->op = NULL;
    int32_t end = (int32_t)(p->points + p->last_skew);
    EMIT(e, ISA_saddi, SCALAR_ITERATION, SCALAR_ITERATION, 1);
    code_back(&e->code, (isa_insn){ISA_blti, {SCALAR_ITERATION, end}}, start);
}

void backend_emit(backend_state *s, agent_program *p, image_agent *out)
{
    emitter e = {.code = {.state = s}, .program = p, .state = s, .skew = -1};
    emit_prologue(&e);
    if (p->event_count)
        emit_loop(&e);
    e.op = NULL;
    emit_insn(&e, ISA_halt, NULL, 0);
    *out = (image_agent){
        .node = (uint16_t)p->place.node,
        .tile = (uint16_t)p->place.tile,
        .is_thread = p->thread >= 0,
        .agent = (uint16_t)(p->thread < 0 ? p->place.core : p->thread),
        .comment = "",
    };
    code_finish(&e.code, out);
}
