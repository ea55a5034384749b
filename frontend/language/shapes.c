/* Shape functions of reshaping, element-wise, reducing and loss functions. */
#include "frontend/language/check.h"

#include <inttypes.h>
#include <math.h>

static value unary(call *k, pan_type type)
{
    return value_run(check_emit(k->c, k->row->code, type, k->where, &k->v[0].index, 1));
}

/* ---- shape ---- */

value apply_flatten(call *k)
{
    const pan_type *t = check_type(k->c, &k->v[0]);
    return unary(k, (pan_type){.kind = PAN_VEC, .dim = {pan_type_elements(t)}});
}

value apply_reshape(call *k)
{
    checker *c = k->c;
    pan_type t = *check_type(c, &k->v[0]), out = {0};
    size_t n = k->rest.count;
    if (n > 3)
        return check_error(c, k->where, "reshape: at most 3 dimensions make a type, found %zu", n);
    int64_t dims[3] = {1, 1, 1}, total = 1;
    for (size_t i = 0; i < n; i++) {
        dims[i] = k->rest.items[i].integer;
        if (__builtin_mul_overflow(total, dims[i], &total))
            total = INT64_MAX;
    }
    if (n == 1)
        out = (pan_type){.kind = PAN_VEC, .dim = {dims[0]}};
    else if (n == 2)
        out = (pan_type){.kind = PAN_SEQ, .element = PAN_VEC, .steps = dims[0], .dim = {dims[1]}};
    else
        out = (pan_type){.kind = PAN_MAP, .dim = {dims[0], dims[1], dims[2]}};
    if (total != pan_type_elements(&t))
        return check_error(c, k->where, "reshape: a %s has %" PRId64 " elements, a %s %" PRId64,
                           check_type_text(c, &t), pan_type_elements(&t), check_type_text(c, &out),
                           total);
    return unary(k, out);
}

static bool joins(const pan_type *a, const pan_type *b)
{
    if (a->kind != b->kind)
        return false;
    if (a->kind == PAN_MAP)
        return a->dim[1] == b->dim[1] && a->dim[2] == b->dim[2];
    return a->kind != PAN_SEQ || a->steps == b->steps;
}

value apply_concat(call *k)
{
    checker *c = k->c;
    size_t n = k->rest.count;
    uint32_t *args = ARENA_ARRAY(c->memory, uint32_t, n);
    pan_type out = *check_type(c, &k->rest.items[0]);
    args[0] = k->rest.items[0].index;
    for (size_t i = 1; i < n; i++) {
        const pan_type *t = check_type(c, &k->rest.items[i]);
        if (!joins(&out, t))
            return check_error(c, k->rest_at[i],
                               "concat joins values of one kind and size, found %s and %s",
                               check_type_text(c, &out), check_type_text(c, t));
        out.dim[0] += t->dim[0];
        args[i] = k->rest.items[i].index;
    }
    return value_run(check_emit(c, PAN_CONCAT, out, k->where, args, n));
}

value apply_last(call *k)
{
    const pan_type *t = check_type(k->c, &k->v[0]);
    return unary(k, (pan_type){.kind = t->element, .dim = {t->dim[0]}});
}

value apply_reverse(call *k)
{
    return unary(k, *check_type(k->c, &k->v[0]));
}

value apply_one_hot(call *k)
{
    pan_type t = *check_type(k->c, &k->v[0]);
    if (t.kind == PAN_LABEL)
        t.kind = PAN_VEC;
    else
        t.element = PAN_VEC;
    return unary(k, t);
}

value apply_fill(call *k)
{
    checker *c = k->c;
    pan_type type = {.kind = PAN_VEC, .dim = {k->v[0].integer}};
    uint32_t op = check_emit(c, PAN_CONST, type, k->where, NULL, 0);
    check_op(c, op)->value = k->row->name[0] == 'o';
    check_op(c, op)->number = true;
    return value_run(op);
}

/* ---- each ---- */

value apply_each(call *k)
{
    return unary(k, *check_type(k->c, &k->v[0]));
}

value apply_leaky_relu(call *k)
{
    value v = apply_each(k);
    check_op(k->c, v.index)->value = k->v[1].real;
    return v;
}

value apply_sqrt(call *k)
{
    if (!value_is_number(&k->v[0])) {
        if (!k->c->frame->state)
            return check_error(k->c, k->where, "sqrt of a vec belongs in a network or kernel");
        return apply_each(k);
    }
    if (k->v[0].real < 0)
        return check_error(k->c, k->where, "sqrt of a negative number");
    return value_real(sqrt(k->v[0].real));
}

value apply_min_max(call *k)
{
    checker *c = k->c;
    bool least = k->row->code == PAN_MIN;
    if (k->rest.count < 2)
        return check_error(c, k->where, "%s needs at least two arguments", k->row->name);
    value best = k->rest.items[0];
    for (size_t i = 1; i < k->rest.count; i++) {
        value v = k->rest.items[i];
        if (value_is_number(&v) && value_is_number(&best)) {
            if (least ? v.real < best.real : v.real > best.real)
                best = v;
        } else {
            best = check_element(c, k->row->code, best, v, k->where, k->row->name);
        }
        if (best.kind == VALUE_BAD)
            return best;
    }
    return best;
}

/* An op of three operands whose shapes must agree. */
static value three(call *k)
{
    checker *c = k->c;
    uint32_t args[3];
    pan_type type = {.kind = PAN_SCALAR};
    for (int i = 0; i < 3; i++) {
        value v = check_run(c, k->v[i], k->at[i]);
        pan_type before = type, t = *check_type(c, &v);
        args[i] = v.index;
        if (!check_shapes(c, &before, &t, &type))
            return check_error(c, k->where, "%s needs equal shapes, found %s and %s", k->row->name,
                               check_type_text(c, &before), check_type_text(c, &t));
    }
    return value_run(check_emit(c, k->row->code, type, k->where, args, 3));
}

value apply_clamp(call *k)
{
    return three(k);
}

value apply_where(call *k)
{
    return three(k);
}

/* ---- vectors ---- */

value apply_softmax(call *k)
{
    return apply_each(k);
}

/* A scalar for each position: of a map a map of one channel, of a seq a seq of scalars. */
static pan_type one_each(const pan_type *t)
{
    pan_type out = *t;
    out.dim[0] = 1;
    if (t->kind == PAN_VEC)
        return (pan_type){.kind = PAN_SCALAR};
    if (t->kind == PAN_SEQ)
        return (pan_type){.kind = PAN_SEQ, .element = PAN_SCALAR, .steps = t->steps};
    return out;
}

value apply_reduce(call *k)
{
    return unary(k, one_each(check_type(k->c, &k->v[0])));
}

value apply_dot(call *k)
{
    checker *c = k->c;
    pan_type a = *check_type(c, &k->v[0]), b = *check_type(c, &k->v[1]), joined;
    if (!check_shapes(c, &a, &b, &joined))
        return check_error(c, k->where, "dot needs equal shapes, found %s and %s",
                           check_type_text(c, &a), check_type_text(c, &b));
    uint32_t args[] = {k->v[0].index, k->v[1].index};
    return value_run(check_emit(c, PAN_DOT, one_each(&joined), k->where, args, 2));
}

value apply_outer(call *k)
{
    if (k->c->frame->update)
        return check_outer(k->c, k->v[0], k->v[1], k->where);
    check_error(k->c, k->where, "outer(col, row) stands only in an update");
    check_help(k->c, "write W -= rate * outer(col, row)");
    return (value){0};
}

/* ---- losses ---- */

/* The target that fits an output: a label of as many classes, or (mse) the same type. */
static bool target_fits(const call *k, const pan_type *output, const pan_type *target)
{
    pan_type label = *output;
    if (output->kind == PAN_SEQ)
        label.element = PAN_LABEL;
    else
        label.kind = PAN_LABEL;
    return pan_type_equal(&label, target) ||
           (k->row->code == PAN_MSE && pan_type_equal(output, target));
}

value apply_loss(call *k)
{
    checker *c = k->c;
    const pan_type *output = check_type(c, &k->v[0]), *target = check_type(c, &k->v[1]);
    bool vecs = output->kind == PAN_VEC || (output->kind == PAN_SEQ && output->element == PAN_VEC);
    bool any = k->row->code == PAN_MSE && output->kind != PAN_LABEL &&
               !(output->kind == PAN_SEQ && output->element == PAN_LABEL);
    if (!vecs && !any)
        return call_expects(k, 0);
    if (!target_fits(k, output, target))
        return check_error(c, k->where, "%s: an output %s needs a target %s%s, found %s",
                           k->row->name, check_type_text(c, output),
                           k->row->code == PAN_MSE ? "of the same type or a " : "",
                           output->kind == PAN_SEQ ? "seq of labels" : "label",
                           check_type_text(c, target));
    uint32_t args[] = {k->v[0].index, k->v[1].index};
    return value_run(
        check_emit(c, k->row->code, (pan_type){.kind = PAN_SCALAR}, k->where, args, 2));
}

/* ---- constants ---- */

value apply_range(call *k)
{
    checker *c = k->c;
    int64_t ends[2] = {0, 0};
    size_t n = k->rest.count;
    if (n > 2)
        return check_error(c, k->where, "range takes one or two integers, found %zu", n);
    for (size_t i = 0; i < n; i++)
        if (!check_integer(c, &k->rest.items[i], k->rest_at[i], "a bound of range", &ends[i]))
            return (value){0};
    int64_t from = n == 2 ? ends[0] : 0, to = n == 2 ? ends[1] : ends[0], count;
    if (to <= from)
        count = 0;
    else if (__builtin_sub_overflow(to, from, &count) || count > CHECK_LIST_LENGTH)
        return check_error(c, k->where, "the list is too long; at most %d elements fit",
                           CHECK_LIST_LENGTH);
    if (!check_step(c, k->where, (size_t)count))
        return (value){0};
    value_list list = {0};
    for (int64_t i = from; i < to; i++)
        ARENA_PUSH(c->memory, list.items, list.count, list.capacity, value_int(i));
    return value_list_of(c->memory, VALUE_LIST, &list);
}

value apply_len(call *k)
{
    return value_int((int64_t)k->v[0].list->count);
}

value apply_floor_ceil(call *k)
{
    double v = k->row->name[0] == 'f' ? floor(k->v[0].real) : ceil(k->v[0].real);
    if (fabs(v) > 9e18)
        return check_error(k->c, k->where, "the result does not fit a 64-bit integer");
    return value_int((int64_t)v);
}

/* ---- sources and host functions: the bound call itself is the value ---- */

value apply_host(call *k)
{
    return (value){.kind = VALUE_HOST, .host = k};
}
