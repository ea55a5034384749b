/*
 * Spilling: what a tile cannot hold waits in others. A ring whose words are used soon after they are
 * written, and again much later (activations that wait for their error), is cut in two: a short one
 * for the early uses and a short one for the late ones. In between, the words are in vectors of tiles
 * that have room, sent there at once and back just in time:
 *
 *   before   F -> ring ............................................... -> late readers
 *   after    F -> ring -> send, receive -> vectors, send -> receive -> ring -> late readers
 *
 * All of it is done by control threads, a new one for each stream. Their times keep to the argument of
 * schedule.h: each comes after what it waits for. Rings of one example count as deep as they are for
 * a long batch, so that the text does not depend on the batch.
 */
#include "backend/select.h"
#include "ir/ring.h"
#include "passes/memory.h"
#include "passes/placing.h"
#include "passes/rewrite.h"
#include "passes/routing.h"
#include "passes/schedule.h"

#include <string.h>

enum {
    TURNS_MOST = 64, /* rings moved in a graph */
    HOPS_MOST = 16,  /* tiles that one ring waits in */
    SLOTS_SPARE = 4, /* of a ring of vectors: what is on its way */
};

/* A tile where words wait, and when they come and go. */
typedef struct spill_hop {
    ir_place tile;
    int64_t from, to;
} spill_hop;

/* A ring that could be cut in two. */
typedef struct spill_cut {
    ir_op *filler;
    int64_t split;      /* users from this time on are late */
    int64_t begin, end; /* words are there; words are wanted back in the tile */
    int64_t saved;      /* words, about */
} spill_cut;

typedef struct spill_tile {
    int64_t words;
    int64_t threads, channels; /* taken */
} spill_tile;

typedef struct spilling {
    memory_state *memory;
    spill_tile *tiles;
} spilling;

static const machine *machine_of(const spilling *s)
{
    return s->memory->context->machine;
}

static spill_tile *tile_at(const spilling *s, ir_place tile)
{
    return &s->tiles[(size_t)tile.node * (size_t)machine_of(s)->tiles + (size_t)tile.tile];
}

static size_t tile_count(const spilling *s)
{
    return (size_t)machine_of(s)->nodes * (size_t)machine_of(s)->tiles;
}

static ir_place tile_of_index(const spilling *s, size_t index)
{
    size_t tiles = (size_t)machine_of(s)->tiles;
    return (ir_place){(int16_t)(index / tiles), (int16_t)(index % tiles), -1, -1};
}

/* Words of a ring for a batch of any length. */
static int64_t words_of(const ir_buffer *b)
{
    return (int64_t)b->words * b->depth + b->blank;
}

static void note_more(int64_t *most, int64_t number)
{
    *most = number + 1 > *most ? number + 1 : *most;
}

/* What the graph takes of every tile: threads and channels have numbers from 0 on. */
static void measure(spilling *s)
{
    ir_graph *g = s->memory->graph;
    memset(s->tiles, 0, tile_count(s) * sizeof *s->tiles);
    for (size_t i = 0; i < g->buffer_count; i++) {
        const ir_buffer *b = &g->buffers[i];
        tile_at(s, (ir_place){b->node, b->tile, -1, -1})->words += words_of(b);
    }
    IR_EACH(op, g) {
        if (op->code != IR_send && op->code != IR_receive)
            continue;
        spill_tile *tile = tile_at(s, op->place);
        note_more(&tile->threads, ir_get_int(op, IR_ATTR_thread, -1));
        if (op->code == IR_receive)
            note_more(&tile->channels, ir_get_int(op, IR_ATTR_channel, -1));
    }
}

static bool has_streams(const spilling *s, ir_place tile)
{
    const spill_tile *t = tile_at(s, tile);
    return t->threads + 2 <= machine_of(s)->control_threads &&
           t->channels + 1 <= machine_of(s)->channels;
}

static int64_t time_of(const ir_op *op)
{
    return ir_get_int(op, IR_ATTR_time, 0);
}

static int64_t points_of(const spilling *s, const ir_op *op)
{
    return (int64_t)ir_grid_points(ir_grid_of(s->memory->graph, op->space));
}

/* Cycles from a packet's send to the end of its receive. */
static int64_t way(const spilling *s, ir_place from, ir_place to, uint32_t words)
{
    const machine *m = machine_of(s);
    return select_insn_cycles(m, ISA_send, words) + schedule_network_cycles(m, from, to, words) +
           select_insn_cycles(m, ISA_receive, words) + s->memory->context->tuning.port_margin;
}

/* ---- which ring ---- */

/* Uses that another follows late. */
static bool may_be_late(const ir_op *user)
{
    return placing_on_core(user) && !placing_once(user) &&
           (user->code == IR_load || ir_is_reader(user->code));
}

/* After the widest gap between two uses, or the filling and the first of them, users are late. */
static bool find_split(const spilling *s, const ir_op *filler, int64_t *split)
{
    int64_t widest = 0;
    EACH_USER(user, &s->memory->users, filler) {
        int64_t before = time_of(filler);
        EACH_USER(other, &s->memory->users, filler)
            if (time_of(other) < time_of(user) && time_of(other) > before)
                before = time_of(other);
        if (time_of(user) - before > widest) {
            widest = time_of(user) - before;
            *split = time_of(user);
        }
    }
    return widest > 0;
}

/* When the late users want a pixel's word at the latest, as time of the first pixel's. */
static int64_t wanted_at(const spilling *s, const ir_op *filler, int64_t split)
{
    const schedule_state clock = {.graph = s->memory->graph,
                                  .interval = s->memory->graph->interval};
    int64_t wanted = INT64_MAX;
    EACH_USER(user, &s->memory->users, filler) {
        int64_t at = time_of(user) - schedule_lag(&clock, user, filler);
        if (time_of(user) >= split && at < wanted)
            wanted = at;
    }
    return wanted;
}

/* About the words that stay: what windows cover on both sides of the gap. */
static int64_t words_near(const spilling *s, const ir_op *filler, const ir_buffer *b)
{
    ir_axis axes[2];
    int64_t rows = 0;
    if (!b->lanes)
        return 4 * (int64_t)b->words;
    EACH_USER(user, &s->memory->users, filler) {
        if (!ir_is_reader(user->code))
            continue;
        ir_reader_axes(s->memory->graph, user, axes);
        rows = 2 * (int64_t)axes[0].window + axes[0].step;
    }
    return rows * b->columns * b->lanes;
}

static bool can_cut(const spilling *s, const ir_op *filler, const ir_buffer *b, int64_t split)
{
    bool late = false;
    EACH_USER(user, &s->memory->users, filler) {
        if (time_of(user) < split)
            continue;
        if (!may_be_late(user) || points_of(s, user) < 1 || user->arg_count != 1)
            return false;
        if (!b->lanes && points_of(s, user) != points_of(s, filler))
            return false;
        late = true;
    }
    return late;
}

static bool find_cut(const spilling *s, ir_op *filler, spill_cut *cut)
{
    const ir_buffer *b = routing_buffer(s->memory->graph, filler);
    *cut = (spill_cut){.filler = filler};
    if (placing_once(filler) || ir_get(filler, IR_ATTR_first) || (b->lanes && !ir_ring_by_rows(b)))
        return false;
    if (!find_split(s, filler, &cut->split) || !can_cut(s, filler, b, cut->split))
        return false;
    cut->begin = time_of(filler) + select_op_cycles(machine_of(s), filler) + 1;
    cut->end = wanted_at(s, filler, cut->split) - s->memory->context->tuning.port_margin;
    cut->saved = words_of(b) - words_near(s, filler, b);
    return cut->saved > 0 && cut->saved >= words_of(b) / 8;
}

static spill_cut best_cut(const spilling *s, ir_place tile)
{
    spill_cut best = {0};
    IR_EACH(op, s->memory->graph) {
        spill_cut cut;
        if ((op->code == IR_store || op->code == IR_receive) &&
            placing_same_tile(op->place, tile) && find_cut(s, op, &cut) && cut.saved > best.saved)
            best = cut;
    }
    return best;
}

/* ---- where to ---- */

static int64_t room_in(const spilling *s, ir_place tile)
{
    return has_streams(s, tile) ? machine_of(s)->memory_words - tile_at(s, tile)->words : 0;
}

static int64_t distance(const machine *m, ir_place a, ir_place b)
{
    int64_t rows = a.tile / m->mesh_width - b.tile / m->mesh_width;
    int64_t columns = a.tile % m->mesh_width - b.tile % m->mesh_width;
    return (rows < 0 ? -rows : rows) + (columns < 0 ? -columns : columns) +
           (a.node == b.node ? 0 : m->tiles);
}

/* The nearest tile with room for so many words, else the one with most; not those in `hops`. */
static bool choose_tile(const spilling *s, ir_place home, const spill_hop *hops, size_t count,
                        int64_t words, ir_place *chosen)
{
    int64_t most = 0, nearest = INT64_MAX;
    for (size_t i = 0; i < tile_count(s); i++) {
        ir_place tile = tile_of_index(s, i);
        int64_t room = room_in(s, tile), away = distance(machine_of(s), home, tile);
        bool used = placing_same_tile(tile, home);
        for (size_t k = 0; k < count; k++)
            used = used || placing_same_tile(tile, hops[k].tile);
        room = room < words ? room : words;
        if (used || room < most || (room == most && away >= nearest))
            continue;
        most = room;
        nearest = away;
        *chosen = tile;
    }
    return nearest < INT64_MAX && most > 0;
}

/* The tiles in which the words wait, one after the other; 0: there are none that can take them. */
static size_t plan_hops(const spilling *s, const spill_cut *cut, spill_hop *hops)
{
    const ir_op *filler = cut->filler;
    uint32_t lanes = filler->type.lanes;
    int64_t interval = s->memory->graph->interval, points = points_of(s, filler);
    ir_place home = placing_tile_of(filler->place), at = home;
    int64_t now = cut->begin;
    for (size_t count = 0; count < HOPS_MOST; count++) {
        spill_hop *hop = &hops[count];
        int64_t left = (cut->end - now) * points / interval + SLOTS_SPARE;
        if (!choose_tile(s, home, hops, count, left * lanes, &hop->tile))
            return 0;
        int64_t slots = room_in(s, hop->tile) / lanes - SLOTS_SPARE;
        hop->from = now + way(s, at, hop->tile, lanes);
        int64_t last = cut->end - way(s, hop->tile, home, lanes);
        if (slots <= 0 || hop->from >= last)
            return 0;
        hop->to = hop->from + slots * interval / points;
        if (hop->to >= last) {
            hop->to = last;
            return count + 1;
        }
        now = hop->to;
        at = hop->tile;
    }
    return 0;
}

/* ---- the streams ---- */

static void set_times(spilling *s, ir_op *op, int64_t time, ir_place tile)
{
    ir_graph *g = s->memory->graph;
    ir_set_int(g, op, IR_ATTR_thread, tile_at(s, tile)->threads++);
    ir_set_int(g, op, IR_ATTR_time, time);
    ir_set_int(g, op, IR_ATTR_skew, 0);
    ir_set_int(g, op, IR_ATTR_order, 0);
}

/* A packet of every word of `from`'s ring to a ring of another tile, sent at a time. */
static ir_op *carry(spilling *s, ir_op *from, ir_place to, const char *ring, int64_t time)
{
    ir_graph *g = s->memory->graph;
    ir_place at = placing_tile_of(from->place);
    int64_t channel = tile_at(s, to)->channels++;
    routing_buffer(g, from)->consumers++;
    ir_op *send = ir_op_new(g, from, IR_send, from->type, &from, 1, from->where);
    send->place = at;
    routing_label(g, send, from);
    ir_set_name(g, send, IR_ATTR_buffer, ir_get_name(from, IR_ATTR_buffer, ""));
    ir_set_int(g, send, IR_ATTR_channel, channel);
    set_times(s, send, time, at);
    ir_op *receive = ir_op_new(g, send, IR_receive, from->type, &send, 1, from->where);
    receive->place = to;
    routing_label(g, receive, from);
    ir_set_name(g, receive, IR_ATTR_buffer, ring);
    ir_set_int(g, receive, IR_ATTR_channel, channel);
    set_times(s, receive,
              time + select_insn_cycles(machine_of(s), ISA_send, from->type.lanes) +
                  schedule_network_cycles(machine_of(s), at, to, from->type.lanes),
              to);
    return receive;
}

static bool is_before(const ir_op *a, const ir_op *b)
{
    int64_t x = ir_get_int(a, IR_ATTR_skew, 0), y = ir_get_int(b, IR_ATTR_skew, 0);
    return x < y || (x == y && ir_get_int(a, IR_ATTR_order, 0) < ir_get_int(b, IR_ATTR_order, 0));
}

/* Of a core's readers of one ring the last one takes; a ring has a count for each core. */
static void count_takers(spilling *s, const ir_op *filler, bool late, int64_t split,
                         const char *ring)
{
    ir_graph *g = s->memory->graph;
    EACH_USER(a, &s->memory->users, filler) {
        if (!placing_on_core(a) || (time_of(a) >= split) != late)
            continue;
        bool last = true;
        EACH_USER(b, &s->memory->users, filler)
            if (b != a && placing_same_core(a->place, b->place) && (time_of(b) >= split) == late)
                last = last && is_before(b, a);
        ir_set_int(g, a, IR_ATTR_take, last);
        ir_graph_buffer(g, ring)->consumers += last;
    }
}

/* What the early users leave of the ring: without windows it is one of vectors. */
static void shrink_ring(spilling *s, const ir_op *filler, int64_t split)
{
    ir_buffer *b = routing_buffer(s->memory->graph, filler);
    bool windows = false;
    EACH_USER(user, &s->memory->users, filler)
        windows = windows || (time_of(user) < split && ir_is_reader(user->code));
    if (!windows && b->lanes)
        *b = (ir_buffer){.name = b->name,
                         .node = b->node,
                         .tile = b->tile,
                         .words = filler->type.lanes,
                         .depth = 1,
                         .consumers = b->consumers,
                         .address = -1,
                         .points = (uint32_t)points_of(s, filler)};
}

static const char *copy_of_ring(spilling *s, const ir_op *filler)
{
    ir_graph *g = s->memory->graph;
    ir_buffer b = *routing_buffer(g, filler);
    b.name = arena_printf(s->memory->context->memory, "late%zu", g->buffer_count);
    b.consumers = 0;
    return ir_graph_add_buffer(g, &b)->name;
}

static void make_cut(spilling *s, const spill_cut *cut, const spill_hop *hops, size_t count)
{
    ir_graph *g = s->memory->graph;
    arena *memory = s->memory->context->memory;
    ir_op *at = cut->filler;
    uint32_t lanes = at->type.lanes, sends = 0;
    ir_place home = placing_tile_of(at->place);
    EACH_USER(user, &s->memory->users, cut->filler)
        sends += user->code == IR_send;
    const char *late = copy_of_ring(s, cut->filler);
    routing_buffer(g, cut->filler)->consumers = sends;
    int64_t time = cut->begin;
    for (size_t i = 0; i < count; i++) {
        at = carry(s, at, hops[i].tile, routing_add_buffer(g, memory, at, hops[i].tile), time);
        time = hops[i].to;
    }
    at = carry(s, at, home, late, cut->end - way(s, hops[count - 1].tile, home, lanes));
    count_takers(s, cut->filler, false, cut->split, ir_get_name(cut->filler, IR_ATTR_buffer, ""));
    count_takers(s, cut->filler, true, cut->split, late);
    shrink_ring(s, cut->filler, cut->split);
    EACH_USER(user, &s->memory->users, cut->filler)
        if (time_of(user) >= cut->split && placing_on_core(user)) {
            user->args[0] = at;
            ir_set_name(g, user, IR_ATTR_buffer, late);
        }
}

/* Moves one ring out of an over-full tile; false: there is none, or none that can be moved. */
static bool move_one(spilling *s)
{
    spill_hop hops[HOPS_MOST];
    measure(s);
    for (size_t i = 0; i < tile_count(s); i++) {
        ir_place tile = tile_of_index(s, i);
        if (s->tiles[i].words <= machine_of(s)->memory_words || !has_streams(s, tile))
            continue;
        spill_cut cut = best_cut(s, tile);
        size_t count = cut.filler ? plan_hops(s, &cut, hops) : 0;
        if (count) {
            make_cut(s, &cut, hops, count);
            return true;
        }
    }
    return false;
}

void memory_spill(memory_state *m)
{
    const machine *mc = m->context->machine;
    spilling s = {.memory = m};
    s.tiles = ARENA_ARRAY(m->context->memory, spill_tile, (size_t)mc->nodes * (size_t)mc->tiles);
    for (int turn = 0; turn < TURNS_MOST && move_one(&s); turn++) {
        ir_graph_renumber(m->graph);
        m->users = users_of_graph(m->context->memory, m->graph);
        memory_find_depths(m);
    }
}
