/*
 * Values that outlive an interval: the next point's value would overwrite the register before the
 * last use. Such uses read the value from a ring instead: an operand that came out of a ring is
 * loaded again (the forward ring is the store of saved activations), a comparison with a constant is
 * made again of its operand, anything else is stored.
 */
#include "passes/rewrite.h"
#include "passes/routing.h"
#include "passes/schedule.h"

/* The op whose register a value lives in, behind views. */
static const ir_op *register_of(const ir_op *value)
{
    while (schedule_is_view(value))
        value = value->args[0];
    return value;
}

static bool outlives(schedule_state *s, const ir_op *value, const ir_op *user)
{
    const ir_op *home = register_of(value);
    if (!schedule_in_loop(home) || !schedule_in_loop(user) || schedule_is_view(user) ||
        user->code == IR_store || home->code == IR_store || placing_is_matrix(home) ||
        !placing_same_core(home->place, user->place))
        return false;
    int64_t age = schedule_time(s, user)->line - schedule_time(s, home)->line;
    return age >= schedule_core(s, user->place)->events;
}

static bool core_loads(schedule_state *s, const ir_op *source, ir_place core)
{
    if (source->id == 0)
        return false;
    EACH_USER(user, &s->users, source)
        if (user->code == IR_load && placing_same_core(user->place, core))
            return true;
    return false;
}

/* A reader once more, for later uses. */
static ir_op *read_again(schedule_state *s, ir_op *reader)
{
    rewrite at = rewrite_after(s->graph, reader);
    ir_op *again = rewrite_like(&at, reader, reader->type, reader->arg_count, reader->args);
    again->place = reader->place;
    again->id = 0;
    return again;
}

/* A ring of maps in the value's tile, of which a tap on its core gives the value itself again. */
static ir_op *map_of(schedule_state *s, const ir_op *value)
{
    EACH_USER(store, &s->users, value) {
        if (store->code != IR_store || store->id == 0 || !routing_buffer(s->graph, store)->lanes)
            continue;
        EACH_USER(reader, &s->users, store) {
            const ir_attr *stride = ir_get(reader, IR_ATTR_stride),
                          *pad = ir_get(reader, IR_ATTR_pad);
            const ir_attr *kernel = ir_get(reader, IR_ATTR_kernel);
            ir_grid here = ir_grid_of(s->graph, value->space),
                    there = ir_grid_of(s->graph, reader->space);
            if (reader->code == IR_tap && ir_same_grid(here, there) && stride->value == 1 &&
                stride->second == 1 && pad->value < kernel->value && pad->second < kernel->second)
                return reader;
        }
    }
    return NULL;
}

/* The value out of the map that others read windows of: the tap in the middle. */
static ir_op *read_map(schedule_state *s, const ir_op *value, const ir_op *like)
{
    const ir_attr *pad = ir_get(like, IR_ATTR_pad);
    ir_op *store = like->args[0],
          *tap = ir_op_new(s->graph, store, IR_tap, value->type, &store, 1, value->where);
    tap->space = like->space;
    tap->place = placing_core_of(value->place);
    routing_label(s->graph, tap, value);
    tap->space = like->space;
    for (uint32_t i = 0; i < like->attr_count; i++)
        if (like->attrs[i].key < IR_ATTR_group)
            rewrite_copy_attr(s->graph, tap, like, like->attrs[i].key);
    ir_set_pair(s->graph, tap, IR_ATTR_at, pad->value, pad->second);
    ir_set_int(s->graph, tap, IR_ATTR_first, 0);
    bool first = true;
    EACH_USER(other, &s->users, store)
        first = first && !placing_same_core(other->place, tap->place);
    if (first)
        routing_buffer(s->graph, store)->consumers++;
    tap->id = 0;
    return tap;
}

static ir_op *reload_once(schedule_state *s, ir_op *value, ir_place core);

/* The comparison again with its operand out of a ring, which all that are made of it share. */
static ir_op *compare_again(schedule_state *s, ir_op *value)
{
    ir_op *x = reload_once(s, value->args[0], value->place);
    rewrite at = rewrite_after(s->graph, value);
    ir_op *again = rewrite_like(&at, value, value->type, 2, (ir_op *[]){x, value->args[1]});
    again->place = value->place;
    again->id = 0;
    return again;
}

/* A second way to the value for the uses that come too late for its register. */
static ir_op *reload(schedule_state *s, ir_op *value, ir_place core)
{
    if (placing_is_choice(value) && schedule_in_loop(value->args[0]))
        return compare_again(s, value);
    if (ir_is_reader(value->code))
        return read_again(s, value);
    const ir_op *window = map_of(s, value);
    if (window)
        return read_map(s, value, window);
    ir_op *source = value->code == IR_load ? value->args[0] : NULL;
    EACH_USER(user, &s->users, value)
        if (!source && user->code == IR_store && !routing_buffer(s->graph, user)->lanes)
            source = user; /* a ring of vectors */
    if (!source) {
        source = routing_store(s->graph, s->memory, value);
        source->id = 0; /* made in this round: not in the index of users */
    }
    bool first = !core_loads(s, source, core);
    ir_op *load =
        routing_load(s->graph, source, core, value->code == IR_load ? value : source, first);
    load->space = value->space;
    load->id = 0;
    return load;
}

/* The same for all uses in one round: what it makes is not in the index of users yet. */
static ir_op *reload_once(schedule_state *s, ir_op *value, ir_place core)
{
    if (!value->scratch)
        value->scratch = reload(s, value, core);
    return value->scratch;
}

/* A load that comes too early for all of its users would be no better made again. */
static bool is_stuck(schedule_state *s, const ir_op *value)
{
    bool all = schedule_is_load(value), any = false;
    EACH_USER(user, &s->users, value) {
        any = true;
        all = all && outlives(s, value, user);
    }
    return all && any;
}

size_t schedule_hold(schedule_state *s)
{
    size_t held = 0;
    s->stuck = false;
    IR_EACH(value, s->graph) {
        if (value->id == 0)
            continue;
        if (is_stuck(s, value)) {
            s->stuck = true;
            held++;
            continue;
        }
        EACH_USER(user, &s->users, value)
            for (uint32_t i = 0; i < user->arg_count; i++)
                if (user->args[i] == value && outlives(s, value, user)) {
                    user->args[i] = reload_once(s, value, user->place);
                    held++;
                }
    }
    IR_EACH(value, s->graph)
        value->scratch = NULL;
    return held;
}
