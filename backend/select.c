#include "backend/select.h"

#include <math.h>
#include <string.h>

/* How the operands of an instruction follow from an op. */
typedef enum select_shape {
    SHAPE_NONE,    /* not a vector operation */
    SHAPE_PLAIN,   /* result, arguments, width */
    SHAPE_FORMATS, /* result, argument, width, q of the argument, q of the result */
    SHAPE_MUL,
    SHAPE_DIV,
    SHAPE_SUM,
    SHAPE_CONVERT,
    SHAPE_ROUND,
    SHAPE_SIGN,
    SHAPE_RANDOM,
    SHAPES
} select_shape;

typedef struct select_row {
    isa_op insn;
    select_shape shape;
} select_row;

static const select_row rows[IR_OPCODES] = {
    [IR_add] = {ISA_add, SHAPE_PLAIN},       [IR_sub] = {ISA_sub, SHAPE_PLAIN},
    [IR_min] = {ISA_min, SHAPE_PLAIN},       [IR_max] = {ISA_max, SHAPE_PLAIN},
    [IR_relud] = {ISA_relud, SHAPE_PLAIN},   [IR_eq] = {ISA_eq, SHAPE_PLAIN},
    [IR_ne] = {ISA_ne, SHAPE_PLAIN},         [IR_lt] = {ISA_lt, SHAPE_PLAIN},
    [IR_le] = {ISA_le, SHAPE_PLAIN},         [IR_gt] = {ISA_gt, SHAPE_PLAIN},
    [IR_ge] = {ISA_ge, SHAPE_PLAIN},         [IR_select] = {ISA_sel, SHAPE_PLAIN},
    [IR_neg] = {ISA_neg, SHAPE_PLAIN},       [IR_abs] = {ISA_abs, SHAPE_PLAIN},
    [IR_relu] = {ISA_relu, SHAPE_PLAIN},     [IR_maxr] = {ISA_maxr, SHAPE_PLAIN},
    [IR_bcast] = {ISA_bcast, SHAPE_PLAIN},   [IR_collect] = {ISA_copy, SHAPE_PLAIN},
    [IR_concat] = {ISA_copy, SHAPE_PLAIN},   [IR_sigmoid] = {ISA_sigmoid, SHAPE_FORMATS},
    [IR_tanh] = {ISA_tanh, SHAPE_FORMATS},   [IR_exp] = {ISA_exp, SHAPE_FORMATS},
    [IR_log] = {ISA_log, SHAPE_FORMATS},     [IR_sqrt] = {ISA_sqrt, SHAPE_FORMATS},
    [IR_rsqrt] = {ISA_rsqrt, SHAPE_FORMATS}, [IR_mul] = {ISA_mul, SHAPE_MUL},
    [IR_div] = {ISA_div, SHAPE_DIV},         [IR_sum] = {ISA_sum, SHAPE_SUM},
    [IR_convert] = {ISA_shr, SHAPE_CONVERT}, [IR_round] = {ISA_shr, SHAPE_ROUND},
    [IR_running] = {ISA_add, SHAPE_PLAIN},   [IR_sign] = {ISA_sign, SHAPE_SIGN},
    [IR_random] = {ISA_rand, SHAPE_RANDOM},  [IR_prev] = {ISA_copy, SHAPE_PLAIN},
    [IR_next] = {ISA_copy, SHAPE_PLAIN},
};

/* Lanes an instruction works on: those of the argument for reductions, else of the result. */
static uint32_t width_of(const ir_op *op)
{
    bool reduces = op->code == IR_sum || op->code == IR_maxr;
    return reduces ? op->args[0]->type.lanes : op->type.lanes;
}

/* Fields result, arguments, width in the order that all plain formats share. */
static int plain(isa_insn *out, isa_op insn, const ir_op *op, const select_operands *at,
                 uint32_t args)
{
    int field = 0;
    *out = (isa_insn){.op = insn};
    out->field[field++] = at->result;
    for (uint32_t i = 0; i < args; i++)
        out->field[field++] = at->args[i];
    out->field[field++] = (int32_t)width_of(op);
    return field;
}

/* Shift, grid, rounding and stream, from `field` on; the grid's bits are shifted out first. */
static int set_rounding(isa_insn *out, int field, const ir_op *op, int shift)
{
    bool stochastic = strcmp(ir_get_name(op, IR_ATTR_mode, "nearest"), "stochastic") == 0;
    int grid = (int)ir_get_int(op, IR_ATTR_grid, 0);
    out->field[field++] = shift + grid;
    out->field[field++] = grid;
    out->field[field++] = stochastic;
    out->field[field] = stochastic ? (int32_t)ir_get_int(op, IR_ATTR_stream, 0) : 0;
    return 1;
}

static int select_plain(const ir_op *op, const select_operands *at, isa_insn *out)
{
    plain(out, rows[op->code].insn, op, at, op->arg_count);
    return 1;
}

static int select_formats(const ir_op *op, const select_operands *at, isa_insn *out)
{
    int field = plain(out, rows[op->code].insn, op, at, 1);
    out->field[field] = op->args[0]->type.q;
    out->field[field + 1] = op->type.q;
    return 1;
}

static int select_mul(const ir_op *op, const select_operands *at, isa_insn *out)
{
    int field = plain(out, ISA_mul, op, at, 2);
    return set_rounding(out, field, op, op->args[0]->type.q + op->args[1]->type.q - op->type.q);
}

static int select_div(const ir_op *op, const select_operands *at, isa_insn *out)
{
    int field = plain(out, ISA_div, op, at, 2);
    out->field[field] = op->type.q - op->args[0]->type.q + op->args[1]->type.q;
    return 1;
}

static int select_sum(const ir_op *op, const select_operands *at, isa_insn *out)
{
    int field = plain(out, ISA_sum, op, at, 1);
    out->field[field] = op->args[0]->type.q - op->type.q;
    return 1;
}

static int select_convert(const ir_op *op, const select_operands *at, isa_insn *out)
{
    int field = plain(out, ISA_shr, op, at, 1);
    out->field[field] = op->args[0]->type.q - op->type.q;
    return 1;
}

static int select_round(const ir_op *op, const select_operands *at, isa_insn *out)
{
    int field = plain(out, ISA_shr, op, at, 1);
    return set_rounding(out, field, op, 0);
}

static int select_sign(const ir_op *op, const select_operands *at, isa_insn *out)
{
    plain(out, ISA_sign, op, at, 1);
    if (op->type.q == 0)
        return 1;
    out[1] = (isa_insn){ISA_shl, {at->result, at->result, (int32_t)width_of(op), op->type.q}};
    return 2;
}

static int select_random(const ir_op *op, const select_operands *at, isa_insn *out)
{
    int field = plain(out, ISA_rand, op, at, 0);
    out->field[field] = (int32_t)ir_get_int(op, IR_ATTR_stream, 0);
    return 1;
}

typedef int select_function(const ir_op *op, const select_operands *at, isa_insn *out);

static select_function *const shapes[SHAPES] = {
    [SHAPE_PLAIN] = select_plain,   [SHAPE_FORMATS] = select_formats,
    [SHAPE_MUL] = select_mul,       [SHAPE_DIV] = select_div,
    [SHAPE_SUM] = select_sum,       [SHAPE_CONVERT] = select_convert,
    [SHAPE_ROUND] = select_round,   [SHAPE_SIGN] = select_sign,
    [SHAPE_RANDOM] = select_random,
};

int select_vector(const ir_op *op, const select_operands *at, isa_insn out[SELECT_MOST])
{
    select_function *f = shapes[rows[op->code].shape];
    return f ? f(op, at, out) : 0;
}

int64_t select_insn_cycles(const machine *m, isa_op op, uint32_t words)
{
    const machine_time *t = &m->time[isa_table[op].cost];
    double cycles = t->fixed;
    if (t->words_per_cycle > 0)
        cycles += ceil(words / t->words_per_cycle);
    return (int64_t)ceil(cycles);
}

static int64_t memory_cycles(const machine *m, isa_op op, uint32_t words)
{
    double beats = ceil((double)words / m->memory_beat_words);
    int64_t port = (int64_t)ceil(beats * m->memory_beat_cycles),
            own = select_insn_cycles(m, op, words);
    return port > own ? port : own;
}

int64_t select_op_cycles(const machine *m, const ir_op *op)
{
    static const struct {
        ir_opcode code;
        isa_op insn;
    } memory_ops[] = {{IR_load, ISA_load},    {IR_tap, ISA_peek},       {IR_untap, ISA_peek},
                      {IR_flatten, ISA_peek}, {IR_unflatten, ISA_peek}, {IR_store, ISA_store},
                      {IR_reverse, ISA_peek},
                      {IR_send, ISA_send},    {IR_receive, ISA_receive}};
    for (size_t i = 0; i < sizeof memory_ops / sizeof *memory_ops; i++)
        if (memory_ops[i].code == op->code)
            return memory_cycles(m, memory_ops[i].insn, op->type.lanes);
    if (op->code == IR_concat)
        return select_insn_cycles(m, ISA_copy, op->type.lanes) * op->arg_count;
    isa_insn insns[SELECT_MOST];
    int count = select_vector(op, &(select_operands){0}, insns);
    int64_t cycles = 0;
    for (int i = 0; i < count; i++)
        cycles += select_insn_cycles(m, insns[i].op, width_of(op));
    return cycles;
}

int64_t select_matrix_cycles(const machine *m, const ir_op *op)
{
    double cycles = op->code == IR_mvm ? m->t_mvm : op->code == IR_mtvm ? m->t_mtvm : m->t_opa;
    return (int64_t)ceil(cycles);
}
