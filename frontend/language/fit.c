/* Whether the data fits what is trained, and whether it can be differentiated. */
#include "frontend/language/train.h"

#include <inttypes.h>
#include <string.h>

/* ---- data against formals ---- */

typedef struct known_size {
    const char *kind;
    int64_t elements, classes; /* 0: not known before the files are read */
} known_size;

static known_size size_of(const pan_source *s)
{
    static const known_size known[] = {{"cifar10", 3072, 10}, {"cifar100", 3072, 100}};
    for (size_t i = 0; i < 2; i++)
        if (!strcmp(known[i].kind, s->kind))
            return known[i];
    return (known_size){s->kind, !strcmp(s->kind, "text") ? s->window : s->size, 0};
}

static void check_input(checker *c, const training *tr, const pan_formal *f)
{
    const pan_source *s = tr->data->train;
    known_size size = size_of(s);
    source_range where = tr->block->target.where;
    int64_t takes = pan_type_elements(&f->type);
    bool text = !strcmp(s->kind, "text");
    if (text && (f->type.kind != PAN_SEQ || f->type.element != PAN_LABEL)) {
        check_error(c, where, "%s gives a seq[%" PRId64 ", label], '%s' takes %s", tr->data->name,
                    size.elements, f->name, check_type_text(c, &f->type));
    } else if (size.elements && takes != size.elements) {
        bool plain = f->type.kind == PAN_VEC;
        const char *sum = plain ? "" : arena_printf(c->memory, " = %" PRId64, takes);
        check_error(c, where, "%s gives %" PRId64 " elements, '%s' takes %s%s", tr->data->name,
                    size.elements, f->name, check_type_text(c, &f->type), sum);
    } else {
        return;
    }
    check_note(c, f->where, "'%s' is declared here", f->name);
}

static void check_target(checker *c, const training *tr, const pan_type *target, const char *what)
{
    const pan_source *s = tr->data->train;
    source_range where = tr->block->target.where;
    bool label = target->kind == PAN_LABEL ||
                 (target->kind == PAN_SEQ && target->element == PAN_LABEL);
    if (s->target_count && label)
        check_error(c, where, "%s gives %zu numbers as target, %s needs a %s", tr->data->name,
                    s->target_count, what, check_type_text(c, target));
    else if (s->target_count && pan_type_elements(target) != (int64_t)s->target_count)
        check_error(c, where, "%s gives %zu numbers as target, %s needs a %s", tr->data->name,
                    s->target_count, what, check_type_text(c, target));
    else if (!s->target_count && label && size_of(s).classes > pan_type_width(target))
        check_error(c, where, "%s has %" PRId64 " classes, %s has a %s", tr->data->name,
                    size_of(s).classes, what, check_type_text(c, target));
}

void train_fit(checker *c, const training *tr)
{
    if (!tr->data || !tr->data->train)
        return;
    const pan_formal *given[2] = {NULL, NULL};
    size_t count = 0;
    for (size_t i = 0; i < tr->item->formal_count; i++) {
        const pan_formal *f = &tr->item->formals[i];
        if (tr->item->kind == PAN_KERNEL && f->type.kind == PAN_SCALAR)
            continue;
        if (count == (tr->item->kind == PAN_KERNEL ? 2 : 1)) {
            check_error(c, f->where, "training feeds %s; '%s' would get nothing",
                        tr->item->kind == PAN_KERNEL ? "an input, a target and scalars"
                                                     : "one input", f->name);
            return;
        }
        given[count++] = f;
    }
    if (given[0])
        check_input(c, tr, given[0]);
    else
        check_error(c, tr->block->name.where, "'%s' has no input to train with", tr->item->name);
    if (given[1])
        check_target(c, tr, &given[1]->type, given[1]->name);
    else if (tr->t->loss && tr->t->loss_body.result_count)
        check_target(c, tr, &tr->t->target, tr->t->loss);
}

/* ---- gradients ---- */

/* Ops without a gradient that stand between a parameter and the loss. */
void train_gradients(checker *c, const pan_item *item)
{
    const pan_body *b = &item->body;
    bool *learns = ARENA_ARRAY(c->memory, bool, b->count), normalised = false;
    for (size_t i = 0; i < b->count; i++) {
        const pan_op *op = &b->ops[i];
        learns[i] = op->param_count > 0;
        for (uint32_t a = 0; a < op->arg_count; a++)
            learns[i] = learns[i] || learns[op->args[a]];
        if (op->code == PAN_BERNOULLI && learns[i])
            check_error(c, op->where, "the gradient of bernoulli is not defined");
        if (op->code == PAN_BATCH_NORM && !normalised) {
            diag_warning(c->diag, op->where,
                         "the statistics of batch_norm stay frozen in training");
            normalised = true;
        }
    }
}
