/*
 * Route: a value that is used on another core than it is made on goes through shared memory.
 *
 *   same tile    store -> ring -> load on each consuming core
 *   other tile   store -> ring -> send (a control thread) -> receive (a control thread there)
 *                -> ring -> load
 *   host         input -> receive -> ring -> load;   store -> ring -> send -> output
 *
 * A ring belongs to one value and one tile; its words are free again when every consuming core (and
 * sending thread) has taken them. Each stream has a channel of its own at its receiver, and each
 * vector (the blocks of one `group`) a control thread per direction and peer, so that no stream
 * waits behind an unrelated one. Where a tile has too few threads, vectors share them: the schedule
 * orders a thread like a core, so that costs time but cannot deadlock.
 */
#include "passes/passes.h"
#include "passes/placing.h"
#include "passes/routing.h"

#include <string.h>

/* A control thread: which tile it runs on and what it carries. */
typedef struct thread_key {
    ir_place tile, peer;
    bool sends, once;
    int64_t group;
    int64_t index; /* thread number on its tile */
} thread_key;

typedef struct route_state {
    ir_graph *graph;
    arena *memory;
    const machine *machine;
    diag *diag;
    thread_key *threads;
    size_t thread_count, thread_capacity;
    struct tile_channels {
        ir_place tile;
        int64_t next;
    } *channels;
    size_t channel_count, channel_capacity;
} route_state;

static const ir_place HOST = {ISA_NODE_HOST, 0, -1, -1};

static int64_t next_channel(route_state *r, ir_place tile)
{
    for (size_t i = 0; i < r->channel_count; i++)
        if (placing_same_tile(r->channels[i].tile, tile))
            return r->channels[i].next++;
    struct tile_channels fresh = {tile, 1};
    ARENA_PUSH(r->memory, r->channels, r->channel_count, r->channel_capacity, fresh);
    return 0;
}

static int64_t thread_for(route_state *r, ir_place tile, ir_place peer, bool sends, const ir_op *value)
{
    int64_t group = ir_get_int(value, IR_ATTR_group, -(int64_t)value->id - 1), index = 0;
    for (size_t i = 0; i < r->thread_count; i++) {
        const thread_key *t = &r->threads[i];
        if (!placing_same_tile(t->tile, tile))
            continue;
        if (placing_same_tile(t->peer, peer) && t->sends == sends && t->group == group &&
            t->once == placing_once(value))
            return t->index;
        index = t->index + 1 > index ? t->index + 1 : index;
    }
    thread_key fresh = {tile, peer, sends, placing_once(value), group, index};
    ARENA_PUSH(r->memory, r->threads, r->thread_count, r->thread_capacity, fresh);
    return index;
}

static ir_op *add_receive(route_state *r, ir_op *packet, const ir_op *value, ir_place tile, ir_place from,
                          int64_t channel)
{
    ir_graph *g = r->graph;
    ir_op *receive = ir_op_new(g, packet, IR_receive, value->type, &packet, 1, value->where);
    receive->place = placing_tile_of(tile);
    routing_label(g, receive, value);
    ir_set_name(g, receive, IR_ATTR_buffer, routing_add_buffer(g, r->memory, value, tile));
    ir_set_int(g, receive, IR_ATTR_channel, channel);
    ir_set_int(g, receive, IR_ATTR_thread, thread_for(r, tile, from, false, value));
    return receive;
}

static ir_op *add_send(route_state *r, ir_op *store, const ir_op *value, ir_place to, int64_t channel)
{
    ir_graph *g = r->graph;
    routing_buffer(g, store)->consumers++;
    ir_op *send = ir_op_new(g, store, IR_send, value->type, &store, 1, value->where);
    send->place = placing_tile_of(store->place);
    routing_label(g, send, value);
    ir_set_name(g, send, IR_ATTR_buffer, ir_get_name(store, IR_ATTR_buffer, ""));
    ir_set_int(g, send, IR_ATTR_channel, channel);
    ir_set_int(g, send, IR_ATTR_thread, thread_for(r, send->place, to, true, value));
    return send;
}

/* Where a value can be had so far: hangs on its scratch while the pass runs. */
typedef struct way {
    struct way *next;
    ir_place place;  /* a tile (core -1), or a core */
    ir_op *op;       /* the store or receive in that tile; the load on that core */
} way;

static ir_op *known_way(const ir_op *value, ir_place place)
{
    for (const way *w = value->scratch; w; w = w->next)
        if (placing_same_core(w->place, place))
            return w->op;
    return NULL;
}

static ir_op *note_way(route_state *r, ir_op *value, ir_place place, ir_op *op)
{
    way *w = ARENA_NEW(r->memory, way);
    *w = (way){value->scratch, place, op};
    value->scratch = w;
    return op;
}

/* The store of a value in the tile of its core. */
static ir_op *home_store(route_state *r, ir_op *value)
{
    ir_place tile = placing_tile_of(value->place);
    ir_op *known = known_way(value, tile);
    return known ? known : note_way(r, value, tile, routing_store(r->graph, r->memory, value));
}

/* The ring of `tile` that holds the value: found or made. */
static ir_op *source_in_tile(route_state *r, ir_op *value, ir_place tile)
{
    bool from_host = value->code == IR_input;
    if (!from_host && placing_same_tile(value->place, tile))
        return home_store(r, value);
    ir_op *known = known_way(value, tile);
    if (known)
        return known;
    int64_t channel = next_channel(r, tile);
    ir_op *packet = from_host ? value : add_send(r, home_store(r, value), value, tile, channel);
    ir_op *receive = add_receive(r, packet, value, tile, from_host ? HOST : value->place, channel);
    return note_way(r, value, tile, receive);
}

static bool is_routed(const ir_op *value)
{
    return value->type.kind != IR_NONE && value->code != IR_const &&
           (placing_on_core(value) || value->code == IR_input);
}

static bool needs_route(const ir_op *value, const ir_op *user)
{
    return is_routed(value) && placing_on_core(user) &&
           (value->code == IR_input || !placing_same_core(value->place, user->place));
}

/* One load per value and consuming core; all uses on that core share it. */
static void route_use(route_state *r, ir_op *value, ir_op *user, uint32_t arg)
{
    ir_place core = placing_core_of(user->place);
    ir_op *load = known_way(value, core);
    if (!load) {
        ir_op *source = source_in_tile(r, value, placing_tile_of(core));
        load = note_way(r, value, core, routing_load(r->graph, source, core, source, true));
    }
    user->args[arg] = load;
}

static void route_output(route_state *r, ir_op *output)
{
    ir_op *value = output->args[0];
    ir_op *store = home_store(r, value);
    output->args[0] = add_send(r, store, value, HOST, next_channel(r, HOST));
}

static bool is_routing(const ir_op *op)
{
    return op->code == IR_store || op->code == IR_send || op->code == IR_receive || op->code == IR_load;
}

static void route_graph(route_state *r)
{
    IR_EACH(user, r->graph) {
        if (is_routing(user))
            continue;
        for (uint32_t i = 0; i < user->arg_count; i++)
            if (needs_route(user->args[i], user))
                route_use(r, user->args[i], user, i);
        if (user->code == IR_output)
            route_output(r, user);
    }
    IR_EACH(op, r->graph)
        op->scratch = NULL;
}

static void share_threads(const route_state *r)
{
    IR_EACH(op, r->graph) {
        int64_t thread = ir_get_int(op, IR_ATTR_thread, -1);
        if (thread >= r->machine->control_threads)
            ir_set_int(r->graph, op, IR_ATTR_thread, thread % r->machine->control_threads);
    }
}

static bool check_channels(const route_state *r)
{
    bool good = true;
    for (size_t i = 0; i < r->channel_count; i++) {
        int64_t most = r->channels[i].tile.node == ISA_NODE_HOST ? 256 : r->machine->channels;
        if (r->channels[i].next <= most)
            continue;
        diag_error(r->diag, SOURCE_NOWHERE, "kernel '%s': tile %d of node %d needs %lld channels; it has %lld",
                   r->graph->name, r->channels[i].tile.tile, r->channels[i].tile.node,
                   (long long)r->channels[i].next, (long long)most);
        good = false;
    }
    return good;
}

/* An output or update that a constant or the host feeds directly needs a core to pass through. */
static void anchor_outputs(ir_graph *g)
{
    IR_EACH(op, g) {
        ir_op *value = op->code == IR_output ? op->args[0] : NULL;
        if (!value || placing_on_core(value))
            continue;
        ir_op *copy = ir_op_new(g, value, IR_convert, value->type, &value, 1, value->where);
        copy->space = op->space;
        copy->place = (ir_place){0, 0, 0, -1};
        op->args[0] = copy;
    }
}

bool pass_route(pass_context *c)
{
    bool good = true;
    for (size_t i = 0; i < c->module->graph_count; i++) {
        route_state r = {.graph = c->module->graphs[i], .memory = c->memory, .machine = c->machine, .diag = c->diag};
        anchor_outputs(r.graph);
        route_graph(&r);
        ir_graph_renumber(r.graph);
        share_threads(&r);
        good = check_channels(&r) && good;
    }
    return good;
}
