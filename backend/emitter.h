/* Inside the emitter: what emit.c and advance.c share. */
#ifndef PANTHER_BACKEND_EMITTER_H
#define PANTHER_BACKEND_EMITTER_H

#include "backend/program.h"

struct emitter {
    code_builder code;
    agent_program *program;
    backend_state *state;
    code_patch guard; /* branches past the ops under the current guard */
    int64_t skew;     /* of the current guard, -1: none */
    const ir_op *op;  /* origin of what is emitted */
};

void emit_insn(emitter *e, isa_op op, const int32_t *fields, int count);
#define EMIT(e, op, ...)                                                                           \
    emit_insn((e), (op), (const int32_t[]){__VA_ARGS__},                                           \
              (int)(sizeof((int32_t[]){__VA_ARGS__}) / sizeof(int32_t)))

/* What follows runs for the points of a skew only. */
void emit_guard(emitter *e, int64_t skew);

/* advance.c: pointers and positions at the first point; to the next one after the last op of a skew */
void emit_first_point(emitter *e);
void emit_advance(emitter *e, int64_t skew);

#endif
