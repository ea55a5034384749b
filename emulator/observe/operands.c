/* Which words of shared memory become operands of products and updates. */
#include "emulator/observe/observe.h"

/* General registers [low, high). */
typedef struct registers {
    uint32_t low, high;
} registers;

static bool is_input(const agent *a, uint32_t at)
{
    const machine *m = a->tile->emulator->machine;
    uint32_t side =
        (uint32_t)(m->slices.rows > m->slices.columns ? m->slices.rows : m->slices.columns);
    if (at < (uint32_t)m->vector_words)
        return false;
    int which = (int)((at - (uint32_t)m->vector_words) / side) % MCU_VECTORS;
    return which != MCU_MVM_OUT && which != MCU_MTVM_OUT;
}

/* Whether an instruction's first vector is what it writes; *r: where. */
static bool writes(const operation *op, registers *r)
{
    *r = (registers){op->vector[0], op->vector[0] + op->words};
    return op->op == ISA_load || op->op == ISA_peek || !op->timed;
}

/* What is left of some registers when others have been written; nothing: low == high. */
static registers without(registers of, registers r)
{
    if (r.high <= of.low || r.low >= of.high)
        return of;
    if (r.low <= of.low)
        return (registers){r.high < of.high ? r.high : of.high, of.high};
    return (registers){of.low, r.low};
}

/*
 * Looks through the program from the access on, and once round it, for a copy to the inputs of an
 * MCU, for as long as something of what was read is still there. Branches are not looked at: a value
 * keeps its registers from where it is made to where it is used, whatever is passed over.
 */
bool observe_is_operand(const agent *a, uint32_t at)
{
    const operation *read = &a->code[at];
    uint32_t count = a->source->code.count;
    registers left = {read->vector[0], read->vector[0] + read->words};
    if (is_input(a, left.low))
        return true;
    for (uint32_t k = 1; k < count && left.low < left.high; k++) {
        const operation *op = &a->code[(at + k) % count];
        registers to;
        uint32_t from = op->vector[1];
        if (op->op == ISA_copy && from < left.high && from + op->words > left.low &&
            is_input(a, op->vector[0]))
            return true;
        if (writes(op, &to))
            left = without(left, to);
    }
    return false;
}
