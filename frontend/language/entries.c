#include "frontend/language/entries.h"

#include <string.h>

const char *pan_train_entry(const pan_program *p, const pan_train *train)
{
    const pan_item *item = &p->items[train->item];
    int number = 1;
    for (const pan_train *t = p->trains; t < train; t++)
        number += t->item == train->item;
    const char *name = item->kind == PAN_NETWORK ? arena_printf(p->memory, "train:%s", item->name)
                                                 : item->name;
    return number == 1 ? name : arena_printf(p->memory, "%s.%d", name, number);
}

const char *pan_test_entry(const pan_program *p, uint32_t item)
{
    return arena_printf(p->memory, "test:%s", p->items[item].name);
}

static bool tests(const pan_train *t, const char *network)
{
    for (size_t e = 0; e < t->every_count; e++)
        for (size_t a = 0; a < t->every[e].action_count; a++)
            if (t->every[e].actions[a].network && !strcmp(t->every[e].actions[a].network, network))
                return true;
    return false;
}

int64_t pan_test_batch(const pan_program *p, uint32_t item)
{
    for (size_t t = 0; t < p->train_count; t++)
        if (p->trains[t].item == item || tests(&p->trains[t], p->items[item].name))
            return p->trains[t].batch;
    return 1;
}

pan_loss pan_loss_kind(const pan_train *train)
{
    const pan_body *b = &train->loss_body;
    if (!b->result_count)
        return PAN_LOSS_NONE;
    const pan_op *last = &b->ops[b->results[0]];
    /* args 0 and 1 of a plain loss are the inputs: the host computes the same. */
    bool plain = (last->code == PAN_CROSS_ENTROPY || last->code == PAN_MSE) && last->args[0] == 0 &&
                 last->args[1] == 1;
    if (plain)
        return last->code == PAN_MSE ? PAN_LOSS_MSE : PAN_LOSS_CROSS_ENTROPY;
    for (size_t i = 0; i < b->count; i++)
        if (b->ops[i].code == PAN_CROSS_ENTROPY || b->ops[i].code == PAN_MSE)
            return PAN_LOSS_NONE;
    return PAN_LOSS_OUTPUT;
}
