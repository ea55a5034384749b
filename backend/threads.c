/*
 * Control threads: each handles its streams point by point.
 *
 *             sset  s0, 0
 *     loop:   send (or receive) ...
 *             sring ...
 *             saddi s0, s0, 1
 *             blt   s0, points, loop
 *             halt
 */
#include "backend/program.h"

#include <stdlib.h>

typedef struct thread_ops {
    ir_place tile;
    int64_t number;
    ir_op **ops;
    size_t count, capacity;
} thread_ops;

typedef struct thread_list {
    thread_ops *items;
    size_t count, capacity;
} thread_list;

static thread_ops *thread_of(backend_state *s, thread_list *list, const ir_op *op)
{
    int64_t number = ir_get_int(op, IR_ATTR_thread, 0);
    for (size_t i = 0; i < list->count; i++) {
        thread_ops *t = &list->items[i];
        if (t->tile.node == op->place.node && t->tile.tile == op->place.tile && t->number == number)
            return t;
    }
    thread_ops fresh = {.tile = {op->place.node, op->place.tile, -1, -1}, .number = number};
    ARENA_PUSH(s->memory, list->items, list->count, list->capacity, fresh);
    return &list->items[list->count - 1];
}

static int by_order(const void *left, const void *right)
{
    int64_t a = ir_get_int(*(ir_op *const *)left, IR_ATTR_order, 0);
    int64_t b = ir_get_int(*(ir_op *const *)right, IR_ATTR_order, 0);
    return a < b ? -1 : a > b;
}

/* A send's receiver is placed on the destination tile; its other user is an output of the host. */
static void fill_destination(const ir_op *send, int32_t *node, int32_t *tile)
{
    *node = ISA_NODE_HOST;
    *tile = 0;
    for (const ir_op *op = send->next; op; op = op->next)
        if (op->code == IR_receive && op->args[0] == send) {
            *node = op->place.node;
            *tile = op->place.tile;
        }
}

/* Pointers of equal shape move together, as on cores. */
static int32_t pointer_for(backend_state *s, core_program *p, const ir_buffer *ring)
{
    int at = backend_pointer(p, ring, 0);
    if (at >= 0)
        return at;
    ring_pointer fresh = {ring->depth == 1 ? 1 : ring->words, ring->depth, 0};
    ARENA_PUSH(s->memory, p->pointers, p->pointer_count, p->pointer_capacity, fresh);
    return backend_pointer(p, ring, 0);
}

static void emit_transfer(code_builder *b, const ir_op *op, const ir_buffer *ring, int32_t base)
{
    int32_t words = (int32_t)op->type.lanes, channel = (int32_t)ir_get_int(op, IR_ATTR_channel, 0);
    isa_insn insn = {ISA_receive, {base, (int32_t)ring->address, words, channel, (int32_t)ring->consumers}};
    if (op->code == IR_send) {
        int32_t node, tile;
        fill_destination(op, &node, &tile);
        insn = (isa_insn){ISA_send, {base, (int32_t)ring->address, words, node, tile, channel}};
    }
    code_emit(b, &insn, op);
}

static void emit_thread(backend_state *s, const thread_ops *t, image_agent *out)
{
    code_builder b = {.state = s};
    core_program pointers = {.place = t->tile};
    uint32_t points = (uint32_t)ir_space_points(s->graph, t->ops[0]->space);
    for (size_t i = 0; i < t->count; i++)
        pointer_for(s, &pointers, ir_graph_buffer(s->graph, ir_get_name(t->ops[i], IR_ATTR_buffer, "")));
    code_emit(&b, &(isa_insn){ISA_sset, {SCALAR_ITERATION, 0}}, NULL);
    for (size_t i = 0; i < pointers.pointer_count; i++)
        code_emit(&b, &(isa_insn){ISA_sset, {SCALAR_FIRST_POINTER + (int32_t)i, 0}}, NULL);
    code_here(&b, NULL, "loop");
    size_t start = b.count;
    for (size_t i = 0; i < t->count; i++) {
        const char *name = ir_get_name(t->ops[i], IR_ATTR_buffer, "");
        const ir_buffer *ring = ir_graph_buffer(s->graph, name);
        emit_transfer(&b, t->ops[i], ring, backend_pointer(&pointers, ring, 0));
    }
    for (size_t i = 0; i < pointers.pointer_count; i++) {
        const ring_pointer *r = &pointers.pointers[i];
        isa_insn move = {ISA_sring, {SCALAR_FIRST_POINTER + (int32_t)i, (int32_t)r->words, (int32_t)(r->words * r->depth)}};
        code_emit(&b, &move, NULL);
    }
    code_emit(&b, &(isa_insn){ISA_saddi, {SCALAR_ITERATION, SCALAR_ITERATION, 1}}, NULL);
    code_back(&b, (isa_insn){ISA_blti, {SCALAR_ITERATION, (int32_t)points}}, start);
    code_emit(&b, &(isa_insn){.op = ISA_halt}, NULL);
    *out = (image_agent){
        .node = (uint16_t)t->tile.node,
        .tile = (uint16_t)t->tile.tile,
        .is_thread = true,
        .agent = (uint16_t)t->number,
        .comment = "",
    };
    code_finish(&b, out);
}

void backend_emit_threads(backend_state *s, image_entry *entry)
{
    thread_list list = {0};
    for (ir_op *op = s->graph->first; op; op = op->next)
        if (op->code == IR_send || op->code == IR_receive) {
            thread_ops *t = thread_of(s, &list, op);
            ARENA_PUSH(s->memory, t->ops, t->count, t->capacity, op);
        }
    image_agent *agents = ARENA_ARRAY(s->memory, image_agent, entry->agent_count + list.count + 1);
    for (uint32_t i = 0; i < entry->agent_count; i++)
        agents[i] = entry->agents[i];
    for (size_t i = 0; i < list.count; i++) {
        qsort(list.items[i].ops, list.items[i].count, sizeof(ir_op *), by_order);
        emit_thread(s, &list.items[i], &agents[entry->agent_count + i]);
    }
    entry->agents = agents;
    entry->agent_count += (uint32_t)list.count;
}
