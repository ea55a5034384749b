/* Scalar registers and control. Scalars are 32 bits that wrap, and a phase bit. */
#include "emulator/handlers.h"

static void put(agent *a, const operation *op, uint32_t value, bool phase)
{
    a->scalar[op->scalar[0]] = (int32_t)value;
    a->phase[op->scalar[0]] = phase;
}

/* The same where no steps from an earlier value are to be seen. */
static void settle(agent *a, const operation *op, uint32_t value, bool phase)
{
    put(a, op, value, phase);
    a->settled[op->scalar[0]] = (int32_t)value;
}

static uint32_t get(const agent *a, const operation *op, int which)
{
    return (uint32_t)a->scalar[op->scalar[which]];
}

static bool phase_of(const agent *a, const operation *op, int which)
{
    return a->phase[op->scalar[which]];
}

void insn_sset(agent *a, const operation *op)
{
    settle(a, op, (uint32_t)op->imm, false);
}

void insn_smov(agent *a, const operation *op)
{
    put(a, op, get(a, op, 1), phase_of(a, op, 1));
    a->settled[op->scalar[0]] = a->settled[op->scalar[1]];
}

void insn_sadd(agent *a, const operation *op)
{
    put(a, op, get(a, op, 1) + get(a, op, 2), phase_of(a, op, 1));
}

void insn_saddi(agent *a, const operation *op)
{
    put(a, op, get(a, op, 1) + (uint32_t)op->imm, phase_of(a, op, 1));
}

void insn_ssub(agent *a, const operation *op)
{
    settle(a, op, get(a, op, 1) - get(a, op, 2), phase_of(a, op, 1));
}

void insn_smul(agent *a, const operation *op)
{
    settle(a, op, get(a, op, 1) * get(a, op, 2), phase_of(a, op, 1));
}

void insn_sring(agent *a, const operation *op)
{
    int64_t value = (int64_t)a->scalar[op->scalar[0]] + op->imm, size = op->extra;
    bool phase = phase_of(a, op, 0);
    a->astray |= a->settled[op->scalar[0]] >= size;
    if (size > 0 && value >= size) {
        phase ^= (value / size) & 1;
        value %= size;
    }
    settle(a, op, (uint32_t)value, phase);
}

static void go_to(agent *a, const operation *op, bool taken)
{
    if (taken)
        a->pc += (uint32_t)op->extra - 1;
}

static int32_t first(const agent *a, const operation *op)
{
    return a->scalar[op->scalar[0]];
}

static int32_t second(const agent *a, const operation *op)
{
    return a->scalar[op->scalar[1]];
}

void insn_beq(agent *a, const operation *op)
{
    go_to(a, op, first(a, op) == second(a, op));
}

void insn_bne(agent *a, const operation *op)
{
    go_to(a, op, first(a, op) != second(a, op));
}

void insn_blt(agent *a, const operation *op)
{
    go_to(a, op, first(a, op) < second(a, op));
}

void insn_bge(agent *a, const operation *op)
{
    go_to(a, op, first(a, op) >= second(a, op));
}

void insn_beqi(agent *a, const operation *op)
{
    go_to(a, op, first(a, op) == op->imm);
}

void insn_bnei(agent *a, const operation *op)
{
    go_to(a, op, first(a, op) != op->imm);
}

void insn_blti(agent *a, const operation *op)
{
    go_to(a, op, first(a, op) < op->imm);
}

void insn_bgei(agent *a, const operation *op)
{
    go_to(a, op, first(a, op) >= op->imm);
}

void insn_jmp(agent *a, const operation *op)
{
    go_to(a, op, true);
}

void insn_halt(agent *a, const operation *op)
{
    (void)op;
    tile *t = a->tile;
    a->state = AGENT_HALTED;
    t->running--;
    t->halted_at = a->now > t->halted_at ? a->now : t->halted_at;
}
