/*
 * Route: a value that is used on another core than it is made on goes through shared memory.
 *
 *   same tile    store -> ring -> load on each consuming core
 *   other tile   store -> ring -> send (a control thread) -> receive (a control thread there)
 *                -> ring -> load
 *   host         input -> receive -> ring -> load;   store -> ring -> send -> output
 *   readers      the same into a ring of maps (ir/ring.h), which the reader itself reads
 *
 * A ring belongs to one value and one tile; its words are free again when every consuming core (and
 * sending thread) has taken them. Each stream has a channel of its own at its receiver, and each
 * vector (the blocks of one `group`) a control thread per direction and peer, so that no stream
 * waits behind an unrelated one. Where a tile has too few threads, vectors share them: the schedule
 * orders a thread like a core, so that costs time but cannot deadlock.
 */
#include "ir/ring.h"
#include "passes/passes.h"
#include "passes/placing.h"
#include "passes/routing.h"
#include "passes/threads.h"

#include <string.h>

typedef struct route_state {
    ir_graph *graph;
    arena *memory;
    const machine *machine;
    diag *diag;
    threads threads;
    struct tile_channels {
        ir_place tile;
        int64_t next;
    } * channels;
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

static ir_op *add_receive(route_state *r, ir_op *packet, const ir_op *value, ir_place tile,
                          ir_place from, const char *ring)
{
    ir_graph *g = r->graph;
    ir_op *receive = ir_op_new(g, packet, IR_receive, value->type, &packet, 1, value->where);
    receive->place = placing_tile_of(tile);
    routing_label(g, receive, value);
    ir_set_name(g, receive, IR_ATTR_buffer, ring);
    ir_set_int(g, receive, IR_ATTR_thread, threads_take(&r->threads, tile, from, false, value));
    return receive;
}

static ir_op *add_send(route_state *r, ir_op *store, const ir_op *value, ir_place to,
                       int64_t channel)
{
    ir_graph *g = r->graph;
    routing_buffer(g, store)->consumers++;
    ir_op *send = ir_op_new(g, store, IR_send, value->type, &store, 1, value->where);
    send->place = placing_tile_of(store->place);
    routing_label(g, send, value);
    ir_set_name(g, send, IR_ATTR_buffer, ir_get_name(store, IR_ATTR_buffer, ""));
    ir_set_int(g, send, IR_ATTR_channel, channel);
    ir_set_int(g, send, IR_ATTR_thread, threads_take(&r->threads, send->place, to, true, value));
    return send;
}

/* Where a value can be had so far: hangs on its scratch while the pass runs. */
typedef struct way {
    struct way *next;
    ir_place place;      /* a tile (core -1), or a core */
    const ir_op *reader; /* one of those that the ring is for; NULL: a ring of vectors */
    ir_op *op;           /* the store or receive in that tile; the load or reader on that core */
} way;

static ir_op *known_way(const route_state *r, const ir_op *value, ir_place place,
                        const ir_op *reader)
{
    for (const way *w = value->scratch; w; w = w->next)
        if (placing_same_core(w->place, place) && !w->reader == !reader &&
            (!reader || ir_same_walk(r->graph, w->reader, reader)))
            return w->op;
    return NULL;
}

static ir_op *note_way(route_state *r, ir_op *value, ir_place place, const ir_op *reader, ir_op *op)
{
    way *w = ARENA_NEW(r->memory, way);
    *w = (way){value->scratch, place, reader, op};
    value->scratch = w;
    return op;
}

/* The store of a value in the tile of its core. */
static ir_op *home_store(route_state *r, ir_op *value)
{
    ir_place tile = placing_tile_of(value->place);
    ir_op *known = known_way(r, value, tile, NULL);
    return known ? known
                 : note_way(r, value, tile, NULL, routing_store(r->graph, r->memory, value));
}

/* Into a ring of another tile than the value is made in. */
static ir_op *send_to(route_state *r, ir_op *value, ir_place tile, const char *ring)
{
    bool from_host = value->code == IR_input;
    int64_t channel = next_channel(r, tile);
    ir_op *packet = from_host ? value : add_send(r, home_store(r, value), value, tile, channel);
    ir_op *receive = add_receive(r, packet, value, tile, from_host ? HOST : value->place, ring);
    ir_set_int(r->graph, receive, IR_ATTR_channel, channel);
    return receive;
}

static bool is_made_in(const ir_op *value, ir_place tile)
{
    return value->code != IR_input && placing_same_tile(value->place, tile);
}

/* The ring of `tile` that holds the value: found or made. */
static ir_op *source_in_tile(route_state *r, ir_op *value, ir_place tile)
{
    if (is_made_in(value, tile))
        return home_store(r, value);
    ir_op *known = known_way(r, value, tile, NULL);
    if (known)
        return known;
    const char *ring = routing_add_buffer(r->graph, r->memory, value, tile);
    return note_way(r, value, tile, NULL, send_to(r, value, tile, ring));
}

static bool is_routed(const ir_op *value)
{
    return value->type.kind != IR_NONE && value->code != IR_const &&
           (placing_on_core(value) || value->code == IR_input);
}

static bool needs_route(const ir_op *value, const ir_op *user)
{
    return is_routed(value) && placing_on_core(user) && !ir_is_reader(value->code) &&
           (value->code == IR_input || !placing_same_core(value->place, user->place));
}

/*
 * One load per value and consuming core; all uses on that core share it. A value of each example that
 * is used at every position of a map is read again at each.
 */
static void route_use(route_state *r, ir_op *value, ir_op *user, uint32_t arg)
{
    ir_place core = placing_core_of(user->place);
    ir_op *load = known_way(r, value, core, NULL);
    if (!load) {
        ir_op *source = source_in_tile(r, value, placing_tile_of(core));
        load = note_way(r, value, core, NULL, routing_load(r->graph, source, core, source, true));
        ir_grid made = ir_grid_of(r->graph, value->space), used = ir_grid_of(r->graph, user->space);
        if (!placing_once(value) && !placing_once(user) && !ir_same_grid(made, used))
            load->space = user->space;
    }
    user->args[arg] = load;
}

/*
 * The rings that a reader reads are filled by every op it names; several (the pieces of a vector that
 * becomes a map) fill one ring, each from its word on.
 */
static void route_reader(route_state *r, ir_op *reader)
{
    ir_graph *g = r->graph;
    ir_place core = placing_core_of(reader->place), tile = placing_tile_of(core);
    bool first = !known_way(r, reader->args[0], core, reader);
    const ir_op *filled = known_way(r, reader->args[0], tile, reader);
    const char *ring =
        filled ? ir_get_name(filled, IR_ATTR_buffer, "") : routing_add_maps(g, r->memory, reader);
    if (first)
        note_way(r, reader->args[0], core, reader, reader);
    uint32_t word = 0;
    for (uint32_t i = 0; i < reader->arg_count; i++) {
        ir_op *value = reader->args[i], *source = known_way(r, value, tile, reader);
        uint32_t lanes = value->type.lanes;
        if (!source) {
            source = is_made_in(value, tile) ? routing_store_into(g, value, ring)
                                             : send_to(r, value, tile, ring);
            if (reader->code == IR_unflatten)
                ir_set_int(g, source, IR_ATTR_first, word);
            note_way(r, value, tile, reader, source);
        }
        reader->args[i] = source;
        word += lanes;
    }
    ir_set_name(g, reader, IR_ATTR_buffer, ring);
    ir_set_int(g, reader, IR_ATTR_take, 1);
    if (first)
        routing_buffer(g, reader)->consumers++;
}

static void route_output(route_state *r, ir_op *output)
{
    ir_op *value = output->args[0];
    ir_op *store = home_store(r, value);
    output->args[0] = add_send(r, store, value, HOST, next_channel(r, HOST));
}

static bool is_routing(const ir_op *op)
{
    return op->code == IR_store || op->code == IR_send || op->code == IR_receive ||
           op->code == IR_load;
}

static void route_graph(route_state *r)
{
    IR_EACH(user, r->graph) {
        if (is_routing(user))
            continue;
        if (ir_is_reader(user->code) && placing_on_core(user)) {
            route_reader(r, user);
            continue;
        }
        for (uint32_t i = 0; i < user->arg_count; i++)
            if (needs_route(user->args[i], user))
                route_use(r, user->args[i], user, i);
        if (user->code == IR_output)
            route_output(r, user);
    }
    IR_EACH(op, r->graph)
        op->scratch = NULL;
}

static bool check_channels(const route_state *r)
{
    bool good = true;
    for (size_t i = 0; i < r->channel_count; i++) {
        int64_t most = r->channels[i].tile.node == ISA_NODE_HOST ? 256 : r->machine->channels;
        if (r->channels[i].next <= most)
            continue;
        diag_error(r->diag, SOURCE_NOWHERE,
                   "kernel '%s': tile %d of node %d needs %lld channels; it has %lld",
                   r->graph->name, r->channels[i].tile.tile, r->channels[i].tile.node,
                   (long long)r->channels[i].next, (long long)most);
        good = false;
    }
    return good;
}

/* A word counts its takes in eight bits. */
static bool check_consumers(const route_state *r)
{
    enum { CONSUMERS_MOST = 255 };
    bool good = true;
    for (size_t i = 0; i < r->graph->buffer_count; i++) {
        const ir_buffer *b = &r->graph->buffers[i];
        if (b->consumers <= CONSUMERS_MOST)
            continue;
        diag_error(r->diag, SOURCE_NOWHERE,
                   "kernel '%s': %u cores and tiles take '%s' of tile %d of node %d; a word of shared "
                   "memory can be taken %d times",
                   r->graph->name, b->consumers, b->name, b->tile, b->node, CONSUMERS_MOST);
        diag_help(r->diag, "fewer copies of a layer, or larger crossbars, spread it less");
        good = false;
    }
    return good;
}

bool pass_route(pass_context *c)
{
    bool good = true;
    for (size_t i = 0; i < c->module->graph_count; i++) {
        route_state r = {.graph = c->module->graphs[i],
                         .memory = c->memory,
                         .machine = c->machine,
                         .diag = c->diag};
        r.threads = (threads){.graph = r.graph, .memory = c->memory};
        route_graph(&r);
        ir_graph_renumber(r.graph);
        good = check_channels(&r) && check_consumers(&r) &&
               threads_share(&r.threads, c->machine->control_threads, c->diag) && good;
    }
    return good;
}
