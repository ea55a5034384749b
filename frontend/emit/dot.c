#include "frontend/emit/emit.h"

#include <stdlib.h>
#include <string.h>

/* Fill of a class of operations; black text is readable on all of them. */
static const char *const class_colours[IR_CLASS_ROUTE + 1] = {
    [IR_CLASS_SOURCE] = "#d9ead3", [IR_CLASS_SINK] = "#d9ead3",   [IR_CLASS_MATRIX] = "#9fc5e8",
    [IR_CLASS_EACH] = "#fff2cc",   [IR_CLASS_REDUCE] = "#f9cb9c", [IR_CLASS_SHAPE] = "#eeeeee",
    [IR_CLASS_WINDOW] = "#d9d2e9", [IR_CLASS_SPACE] = "#d9d2e9",  [IR_CLASS_LOSS] = "#f4cccc",
    [IR_CLASS_STATE] = "#fce5cd",  [IR_CLASS_ROUTE] = "#eeeeee",
};

typedef struct drawing {
    FILE *out;
    arena *scratch;
    const ir_graph *graph;
    size_t number; /* of the graph: part of the names of its nodes */
} drawing;

/* The text within quotes; \n in it is a line break. */
static void print_escaped(FILE *out, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            fprintf(out, "\\%c", c);
        else if (c == '\n')
            fputs("\\n", out);
        else
            fputc(c < ' ' || c == 127 ? '?' : c, out);
    }
}

/* Title of the box an operation stands in, or "": in none. */
static const char *box_of(const drawing *d, const ir_op *op)
{
    const ir_place *at = &op->place;
    const char *layer = ir_get_name(op, IR_ATTR_layer, "");
    if (at->tile < 0)
        return layer[0] ? arena_printf(d->scratch, "layer %s", layer) : "";
    const char *tile = arena_printf(d->scratch, "tile %d", at->tile);
    if (at->node > 0)
        tile = arena_printf(d->scratch, "node %d %s", at->node, tile);
    if (at->core >= 0)
        return arena_printf(d->scratch, "%s core %d", tile, at->core);
    return arena_printf(d->scratch, "%s thread %lld", tile,
                        (long long)ir_get_int(op, IR_ATTR_thread, 0));
}

static const char *subject_of(const drawing *d, const ir_op *op)
{
    static const ir_attr_key names[] = {IR_ATTR_matrix, IR_ATTR_buffer, IR_ATTR_label};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *text = ir_get_name(op, names[i], NULL);
        if (text)
            return arena_printf(d->scratch, " %s", text);
    }
    const ir_attr *value = ir_get(op, IR_ATTR_value);
    return value ? arena_printf(d->scratch, " %g", value->real) : "";
}

static const char *type_of(const drawing *d, const ir_op *op)
{
    const char *text = "";
    if (op->type.kind == IR_VEC)
        text = arena_printf(d->scratch, "\nvec<%u q%u>", op->type.lanes, op->type.q);
    else if (op->type.kind == IR_LABEL)
        text = arena_printf(d->scratch, "\nlabel<%u>", op->type.lanes);
    for (uint8_t i = 0; i < op->space.count; i++) {
        const ir_dim *dim = &d->graph->dims[op->space.dim[i]];
        text = arena_printf(d->scratch, "%s%s%s=%u", text, i ? ", " : "\n", dim->name, dim->extent);
    }
    return text;
}

static const char *block_of(const drawing *d, const ir_op *op)
{
    const ir_attr *block = ir_get(op, IR_ATTR_block);
    const char *text = "";
    if (block)
        text = arena_printf(d->scratch, " (%lld, %lld)", (long long)block->value,
                            (long long)block->second);
    return op->place.mcu < 0 ? text : arena_printf(d->scratch, "%s on m%d", text, op->place.mcu);
}

static void print_node(const drawing *d, const ir_op *op)
{
    source_position at = {0};
    if (d->graph->module->sources)
        at = source_locate(d->graph->module->sources, op->where);
    fprintf(d->out, "    g%zu_%u [label=\"", d->number, op->id);
    print_escaped(d->out, arena_printf(d->scratch, "%%%u %s%s%s%s", op->id, ir_ops[op->code].name,
                                       subject_of(d, op), block_of(d, op), type_of(d, op)));
    fprintf(d->out, "\", fillcolor=\"%s\"", class_colours[ir_ops[op->code].class]);
    if (at.path) {
        fputs(", tooltip=\"", d->out);
        print_escaped(d->out, arena_printf(d->scratch, "%s:%u:%u", at.path, at.line, at.column));
        fputc('"', d->out);
    }
    fputs("];\n", d->out);
}

typedef struct boxed {
    const char *box;
    const ir_op *op;
} boxed;

static int by_box(const void *a, const void *b)
{
    const boxed *x = a, *y = b;
    int order = strcmp(x->box, y->box);
    return order ? order : (x->op->id > y->op->id) - (x->op->id < y->op->id);
}

static void print_boxes(const drawing *d)
{
    size_t count = 0, i = 0;
    IR_EACH(op, d->graph)
        count++;
    boxed *all = ARENA_ARRAY(d->scratch, boxed, count + 1);
    IR_EACH(op, d->graph)
        all[i++] = (boxed){box_of(d, op), op};
    qsort(all, count, sizeof *all, by_box);
    for (i = 0; i < count; i++) {
        bool boxed_in = all[i].box[0] != '\0';
        if (boxed_in && (i == 0 || strcmp(all[i - 1].box, all[i].box) != 0)) {
            fprintf(d->out, "    subgraph cluster_%zu_%zu { color=\"#888888\"; label=\"", d->number,
                    i);
            print_escaped(d->out, all[i].box);
            fputs("\";\n", d->out);
        }
        print_node(d, all[i].op);
        if (boxed_in && (i + 1 == count || strcmp(all[i + 1].box, all[i].box) != 0))
            fputs("    }\n", d->out);
    }
}

static void print_edges(const drawing *d)
{
    IR_EACH(op, d->graph)
        for (uint32_t i = 0; i < op->arg_count; i++)
            fprintf(d->out, "    g%zu_%u -> g%zu_%u;\n", d->number, op->args[i]->id, d->number,
                    op->id);
}

void emit_dot(const ir_module *m, FILE *out)
{
    fputs("digraph panther {\n"
          "  graph [fontname=\"sans-serif\"];\n"
          "  node [shape=box, style=filled, fontname=\"sans-serif\", fontsize=10];\n",
          out);
    for (size_t i = 0; i < m->graph_count; i++) {
        drawing d = {out, arena_new(), m->graphs[i], i};
        fprintf(out, "  subgraph cluster_%zu { label=\"", i);
        print_escaped(out, m->graphs[i]->name);
        fputs("\";\n", out);
        print_boxes(&d);
        print_edges(&d);
        fputs("  }\n", out);
        arena_free(d.scratch);
    }
    fputs("}\n", out);
}
