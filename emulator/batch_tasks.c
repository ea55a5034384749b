#include "emulator/batch.h"

#include "emulator/handlers.h"
#include "emulator/network.h"

#include <string.h>

static void run_compute(agent *a, const batch_task *t)
{
    operation op = *t->op;
    for (int k = 0; k <= BATCH_OPERANDS; k++)
        op.vector[k] = t->at[k];
    if (op.stochastic || op.op == ISA_rand)
        a->stream_runs[op.stream_slot] = t->extra;
    op.handler(a, &op);
}

static void run_join(const batch_plan *plan, agent *a, const batch_task *t)
{
    int16_t *to = a->registers + t->at[0];
    for (const batch_move *m = &plan->moves[t->extra]; m->words; to += m->words, m++)
        memcpy(to, a->registers + m->from, m->words * sizeof *to);
}

static void run_input(agent *a, const batch_task *t)
{
    channel *c = t->op->with.channel;
    c->data_received = t->extra;
    channel_receive_data(c, a->registers + t->at[0], t->op->words);
}

static void run_output(agent *a, const batch_task *t)
{
    channel *c = t->op->with.channel;
    c->data_sent = t->extra;
    channel_send_data(c, a->registers + t->at[1], t->op->words);
}

void batch_run(const batch_plan *plan, agent *a, const batch_task *t)
{
    switch ((batch_kind)t->kind) {
    case BATCH_PRODUCT: matrix_products(a, t->mcu, &plan->products[t->extra]); break;
    case BATCH_UPDATE:
        crossbar_opa(a->mcus[t->mcu]->crossbar, a->registers + t->at[1], a->registers + t->at[2]);
        break;
    case BATCH_JOIN: run_join(plan, a, t); break;
    case BATCH_INPUT: run_input(a, t); break;
    case BATCH_OUTPUT: run_output(a, t); break;
    case BATCH_COMPUTE: run_compute(a, t); break;
    case BATCH_CONSTANT: break;
    }
}
