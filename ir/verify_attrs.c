#include "ir/verify.h"

#include "isa/support/fixed.h"

#include <string.h>

/* What an op cannot do without. */
static const struct {
    ir_opcode code;
    ir_attr_key key;
} required[] = {
    {IR_input, IR_ATTR_port},   {IR_output, IR_ATTR_port},    {IR_const, IR_ATTR_value},
    {IR_mvm, IR_ATTR_matrix},   {IR_mtvm, IR_ATTR_matrix},    {IR_opa, IR_ATTR_matrix},
    {IR_opa, IR_ATTR_ncol},     {IR_round, IR_ATTR_grid},     {IR_slice, IR_ATTR_first},
    {IR_store, IR_ATTR_buffer}, {IR_receive, IR_ATTR_buffer}, {IR_prev, IR_ATTR_state},
    {IR_next, IR_ATTR_state},
#define WINDOW(name)                                                                               \
    {IR_##name, IR_ATTR_kernel}, {IR_##name, IR_ATTR_stride},                                      \
    {                                                                                              \
        IR_##name, IR_ATTR_pad                                                                     \
    }
    WINDOW(window),             WINDOW(fold),                 WINDOW(pool_max),
    WINDOW(unpool),             WINDOW(pool_sum),             WINDOW(spread),
    WINDOW(tap),                WINDOW(untap),                {IR_tap, IR_ATTR_at},
    {IR_untap, IR_ATTR_at},
#undef WINDOW
};

/* Inclusive ranges of integers; a key that is not listed may have any value. */
static const struct {
    ir_attr_key key;
    int64_t low, high;
} ranges[] = {
    {IR_ATTR_port, 0, 65535},         {IR_ATTR_onehot, 0, 1},
    {IR_ATTR_stream, 0, UINT32_MAX},  {IR_ATTR_block, 0, IR_LANES_MAX},
    {IR_ATTR_ncol, 1, UINT32_MAX},    {IR_ATTR_grid, 0, IR_GRID_MAX},
    {IR_ATTR_first, 0, IR_LANES_MAX}, {IR_ATTR_take, 0, 1},
    {IR_ATTR_channel, 0, UINT16_MAX}, {IR_ATTR_thread, 0, UINT16_MAX},
    {IR_ATTR_group, 0, UINT32_MAX},   {IR_ATTR_part, 0, UINT32_MAX},
    {IR_ATTR_kernel, 1, 65536},       {IR_ATTR_stride, 1, 65536},
    {IR_ATTR_pad, 0, 65536},          {IR_ATTR_at, 0, 65535},
    {IR_ATTR_fill, INT16_MIN, 0},     {IR_ATTR_error, 0, FIXED_MAX_Q},
    {IR_ATTR_still, 0, UINT32_MAX},
    {IR_ATTR_state, 0, UINT32_MAX},
};

static const struct {
    ir_attr_key key;
    const char *names[3];
} choices[] = {
    {IR_ATTR_role, {"input", "target", "scalar"}},
    {IR_ATTR_mode, {"nearest", "stochastic", "nearest"}},
    {IR_ATTR_layout, {"lanes", "pixels", "lanes"}},
};

static bool range_holds(ir_check *c, const ir_op *op, const ir_attr *a)
{
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        if (ranges[i].key != a->key)
            continue;
        int64_t low = ranges[i].low, high = ranges[i].high;
        bool second = ir_attr_kinds[a->key] == IR_ATTR_PAIR;
        if (a->value >= low && a->value <= high &&
            (!second || (a->second >= low && a->second <= high)))
            continue;
        ir_fail_op(c, op, "'%s' must be from %lld to %lld, found %lld", ir_attr_names[a->key],
                   (long long)low, (long long)high,
                   (long long)(a->value < low || a->value > high ? a->value : a->second));
        return false;
    }
    return true;
}

static bool choice_holds(ir_check *c, const ir_op *op, const ir_attr *a)
{
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
        if (choices[i].key != a->key)
            continue;
        for (size_t k = 0; k < 3; k++)
            if (!strcmp(choices[i].names[k], a->text))
                return true;
        ir_fail_op(c, op, "'%s' cannot be '%s'", ir_attr_names[a->key], a->text);
        return false;
    }
    return true;
}

static bool attr_sound(ir_check *c, const ir_op *op, const ir_attr *a)
{
    if (!ir_op_allows(op->code, a->key)) {
        ir_fail_op(c, op, "has no attribute '%s'", ir_attr_names[a->key]);
        return false;
    }
    bool named = ir_attr_kinds[a->key] == IR_ATTR_NAME || ir_attr_kinds[a->key] == IR_ATTR_TEXT;
    if (named && !a->text) {
        ir_fail_op(c, op, "'%s' has no text", ir_attr_names[a->key]);
        return false;
    }
    return range_holds(c, op, a) && choice_holds(c, op, a);
}

bool ir_check_attrs(ir_check *c, const ir_op *op)
{
    bool sound = true;
    uint64_t seen = 0;
    for (uint32_t i = 0; i < op->attr_count; i++) {
        const ir_attr *a = &op->attrs[i];
        if ((unsigned)a->key >= IR_ATTRS) {
            ir_fail_op(c, op, "has an attribute with an unknown key");
            return false;
        }
        if (seen >> a->key & 1) {
            ir_fail_op(c, op, "has '%s' twice", ir_attr_names[a->key]);
            sound = false;
        }
        seen |= UINT64_C(1) << a->key;
        sound &= attr_sound(c, op, a);
    }
    for (size_t i = 0; i < sizeof required / sizeof *required; i++)
        if (required[i].code == op->code && !(seen >> required[i].key & 1)) {
            ir_fail_op(c, op, "needs the attribute '%s'", ir_attr_names[required[i].key]);
            sound = false;
        }
    return sound;
}
