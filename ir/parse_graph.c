#include "ir/text.h"
#include "ir/verify.h"

#include "isa/support/fixed.h"

#include <stddef.h>
#include <string.h>

static ir_op *op_of(const ir_reader *r, int64_t id)
{
    return id >= 0 && (size_t)id < r->op_capacity ? r->ops[id] : NULL;
}

static void remember(ir_reader *r, int64_t id, ir_op *op)
{
    size_t need = (size_t)id + 1, capacity = r->op_capacity;
    if (need > capacity) {
        while (capacity < need)
            capacity = capacity ? capacity * 2 : 64;
        r->ops = arena_grow(r->memory, r->ops, r->op_capacity * sizeof *r->ops,
                            capacity * sizeof *r->ops);
        r->op_capacity = capacity;
    }
    r->ops[id] = op;
}

static bool read_code(ir_reader *r, ir_opcode *code)
{
    const char *names[IR_OPCODES];
    ir_token start = r->now;
    const char *name, *near;
    if (!ir_read_name(r, &name))
        return false;
    for (int i = 0; i < IR_OPCODES; i++) {
        names[i] = ir_ops[i].name;
        if (!strcmp(name, names[i])) {
            *code = (ir_opcode)i;
            return true;
        }
    }
    ir_error_at(r, start, "there is no operation '%s'", name);
    near = diag_nearest(name, names, IR_OPCODES);
    if (near)
        diag_help(r->d, "did you mean '%s'?", near);
    return false;
}

static bool read_args(ir_reader *r, ir_op *op)
{
    if (r->now.kind != IR_TOKEN_VALUE)
        return true;
    do {
        if (r->now.kind != IR_TOKEN_VALUE)
            return ir_error_here(r, "expected a value such as %%1");
        ir_op *arg = op_of(r, r->now.number);
        if (!arg)
            return ir_error_here(r, "%%%lld is not made before it is used",
                                 (long long)r->now.number);
        ir_op_add_arg(r->g, op, arg);
        ir_next(r);
    } while (ir_accept(r, ','));
    return true;
}

static bool read_attr_value(ir_reader *r, ir_op *op, ir_attr_key key)
{
    int64_t first, second;
    double real;
    const char *text;
    switch (ir_attr_kinds[key]) {
    case IR_ATTR_INT:
        if (!ir_read_int(r, INT64_MIN, INT64_MAX, &first))
            return false;
        ir_set_int(r->g, op, key, first);
        return true;
    case IR_ATTR_PAIR:
        if (!ir_expect(r, '(') || !ir_read_int(r, INT64_MIN, INT64_MAX, &first) ||
            !ir_expect(r, ',') || !ir_read_int(r, INT64_MIN, INT64_MAX, &second) ||
            !ir_expect(r, ')'))
            return false;
        ir_set_pair(r->g, op, key, first, second);
        return true;
    case IR_ATTR_REAL:
        if (!ir_read_real(r, &real))
            return false;
        ir_set_real(r->g, op, key, real);
        return true;
    case IR_ATTR_NAME:
        ir_accept(r, '@');
        if (!ir_read_name(r, &text))
            return false;
        ir_set_name(r->g, op, key, text);
        return true;
    case IR_ATTR_TEXT:
        if (!ir_read_string(r, &text))
            return false;
        ir_set_name(r->g, op, key, text);
        return true;
    }
    return false;
}

static bool read_attr(ir_reader *r, ir_op *op)
{
    ir_token start = r->now;
    const char *name, *near;
    if (!ir_read_name(r, &name))
        return false;
    for (int k = 0; k < IR_ATTRS; k++) {
        if (strcmp(name, ir_attr_names[k]) != 0)
            continue;
        if (ir_get(op, (ir_attr_key)k))
            return ir_error_at(r, start, "'%s' is given twice", name);
        return ir_expect(r, '=') && read_attr_value(r, op, (ir_attr_key)k);
    }
    ir_error_at(r, start, "there is no attribute '%s'", name);
    near = diag_nearest(name, ir_attr_names, IR_ATTRS);
    if (near)
        diag_help(r->d, "did you mean '%s'?", near);
    return false;
}

static bool read_attrs(ir_reader *r, ir_op *op)
{
    if (!ir_accept(r, '{'))
        return true;
    do
        if (!read_attr(r, op))
            return false;
    while (ir_accept(r, ','));
    return ir_expect(r, '}');
}

/* q9 */
static bool read_format(ir_reader *r, uint8_t *q)
{
    if (r->now.kind == IR_TOKEN_NAME && r->now.text[0] == 'q')
        for (int v = 0; v <= FIXED_MAX_Q; v++)
            if (!strcmp(r->now.text, arena_printf(r->memory, "q%d", v))) {
                *q = (uint8_t)v;
                ir_next(r);
                return true;
            }
    return ir_error_here(r, "expected a format from q0 to q%d", FIXED_MAX_Q);
}

static bool read_type(ir_reader *r, ir_type *t)
{
    int64_t lanes = 0;
    if (!ir_accept(r, ':'))
        return true;
    bool label = ir_is_word(r, "label");
    if (!label && !ir_is_word(r, "vec"))
        return ir_error_here(r, "expected 'vec' or 'label'");
    ir_next(r);
    if (!ir_expect(r, '<') || !ir_read_int(r, 1, IR_LANES_MAX, &lanes) ||
        (!label && !read_format(r, &t->q)))
        return false;
    t->kind = label ? IR_LABEL : IR_VEC;
    t->lanes = (uint32_t)lanes;
    return ir_expect(r, '>');
}

static bool read_dim(ir_reader *r, ir_space *s)
{
    ir_token start = r->now;
    const char *name;
    if (!ir_read_name(r, &name))
        return false;
    for (size_t i = 0; i < r->g->dim_count; i++)
        if (!strcmp(r->g->dims[i].name, name)) {
            if (s->count == IR_DIMS_MAX)
                return ir_error_at(r, start, "a space has at most %d dimensions", IR_DIMS_MAX);
            s->dim[s->count++] = (uint8_t)i;
            return true;
        }
    return ir_error_at(r, start, "the graph has no dimension '%s'", name);
}

static bool read_space(ir_reader *r, ir_op *op)
{
    op->space = (ir_space){0};
    if (!ir_expect(r, '['))
        return false;
    if (ir_accept(r, ']'))
        return true;
    do
        if (!read_dim(r, &op->space))
            return false;
    while (ir_accept(r, ','));
    return ir_expect(r, ']');
}

/* %7 = name %1, %2 {attributes} : type [space] at(...) loc(...) */
static bool read_op(ir_reader *r)
{
    ir_token start = r->now;
    ir_opcode code = IR_input;
    source_range where = {r->file, start.begin, start.end};
    if (start.number < 1 || start.number > IR_ID_MAX)
        return ir_error_here(r, "values are numbered from 1 to %d", IR_ID_MAX);
    if (op_of(r, start.number))
        return ir_error_here(r, "%%%lld is already made", (long long)start.number);
    ir_next(r);
    /* The op is known from here on, so that an error in its line is not followed by others. */
    ir_op *op = ir_op_new(r->g, NULL, code, ir_no_type, NULL, 0, where);
    remember(r, start.number, op);
    op->id = (uint32_t)start.number;
    if (!ir_expect(r, '=') || !read_code(r, &op->code) || !read_args(r, op) || !read_attrs(r, op) ||
        !read_type(r, &op->type) || !read_space(r, op) || !ir_read_place(r, &op->place) ||
        !ir_read_where(r, &op->where))
        return false;
    return r->now.fresh || r->now.kind == IR_TOKEN_END || ir_is_mark(r, '}') ||
           ir_error_here(r, "expected the end of the line");
}

static const ir_field buffer_fields[] = {
    {"node", IR_FIELD_I16, offsetof(ir_buffer, node), -1, INT16_MAX, NULL},
    {"tile", IR_FIELD_I16, offsetof(ir_buffer, tile), -1, INT16_MAX, NULL},
    {"words", IR_FIELD_U32, offsetof(ir_buffer, words), 1, INT32_MAX, NULL},
    {"depth", IR_FIELD_U32, offsetof(ir_buffer, depth), 1, INT32_MAX, NULL},
    {"consumers", IR_FIELD_U32, offsetof(ir_buffer, consumers), 0, UINT32_MAX, NULL},
    {"address", IR_FIELD_I64, offsetof(ir_buffer, address), -1, INT64_MAX, NULL},
    {"points", IR_FIELD_U32_OR_0, offsetof(ir_buffer, points), 1, INT32_MAX, NULL},
    {"lanes", IR_FIELD_U32_OR_0, offsetof(ir_buffer, lanes), 1, INT32_MAX, NULL},
    {"rows", IR_FIELD_U32_OR_0, offsetof(ir_buffer, rows), 1, INT32_MAX, NULL},
    {"columns", IR_FIELD_U32_OR_0, offsetof(ir_buffer, columns), 1, INT32_MAX, NULL},
    {"top", IR_FIELD_U32_OR_0, offsetof(ir_buffer, top), 0, INT32_MAX, NULL},
    {"left", IR_FIELD_U32_OR_0, offsetof(ir_buffer, left), 0, INT32_MAX, NULL},
    {"height", IR_FIELD_U32_OR_0, offsetof(ir_buffer, height), 1, INT32_MAX, NULL},
    {"width", IR_FIELD_U32_OR_0, offsetof(ir_buffer, width), 1, INT32_MAX, NULL},
    {"lowest", IR_FIELD_U32_OR_0, offsetof(ir_buffer, lowest), 0, 1, NULL},
    {"blank", IR_FIELD_U32_OR_0, offsetof(ir_buffer, blank), 0, INT32_MAX, NULL},
};

static bool read_buffer(ir_reader *r)
{
    ir_buffer b = {0};
    ir_next(r);
    if (!ir_expect(r, '@') || !ir_read_name(r, &b.name) ||
        !ir_read_fields(r, buffer_fields, sizeof buffer_fields / sizeof *buffer_fields, &b))
        return false;
    b.points = b.points ? b.points : 1;
    ir_graph_add_buffer(r->g, &b);
    return true;
}

static bool read_dims(ir_reader *r)
{
    if (!ir_expect(r, '('))
        return false;
    if (ir_accept(r, ')'))
        return true;
    do {
        const char *name;
        int64_t extent;
        if (r->g->dim_count == UINT8_MAX)
            return ir_error_here(r, "a graph has at most %d dimensions", UINT8_MAX);
        if (!ir_read_name(r, &name) || !ir_expect(r, ':') ||
            !ir_read_int(r, 1, UINT32_MAX, &extent))
            return false;
        ir_graph_dim(r->g, name, (uint32_t)extent);
    } while (ir_accept(r, ','));
    return ir_expect(r, ')');
}

static bool read_statement(ir_reader *r)
{
    if (r->now.kind == IR_TOKEN_VALUE)
        return read_op(r);
    if (ir_is_word(r, "buffer"))
        return read_buffer(r);
    return ir_error_here(r, "expected an operation such as '%%1 = ...', 'buffer' or '}'");
}

/* New ops are numbered above all that were read. */
static void close_graph(ir_reader *r)
{
    r->g->next_id = 1;
    IR_EACH(op, r->g)
    if (op->id >= r->g->next_id)
        r->g->next_id = op->id + 1;
    if (r->op_capacity)
        memset(r->ops, 0, r->op_capacity * sizeof *r->ops);
}

bool ir_read_graph(ir_reader *r)
{
    const char *name;
    if (!ir_expect(r, '@') || !ir_read_name(r, &name))
        return false;
    r->g = ir_graph_new(r->m, name);
    if (!read_dims(r))
        return false;
    if (ir_is_word(r, "interval")) {
        ir_next(r);
        if (!ir_read_int(r, 1, INT64_MAX, &r->g->interval))
            return false;
    }
    if (!ir_expect(r, '{'))
        return false;
    while (!ir_is_mark(r, '}') && r->now.kind != IR_TOKEN_END) {
        uint32_t begin = r->now.begin;
        if (!read_statement(r))
            ir_skip_line(r, begin);
    }
    close_graph(r);
    return ir_expect(r, '}');
}
