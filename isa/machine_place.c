#include "isa/machine_schema.h"

#include <string.h>
#include <yaml.h>

struct machine_place {
    yaml_document_t document;
    const source_file *source;
    uint32_t file;
};

machine_place *machine_place_open(arena *memory, const source_set *sources, uint32_t file)
{
    machine_place *p = ARENA_NEW(memory, machine_place);
    p->file = file;
    p->source = source_get(sources, file);
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        return NULL;
    yaml_parser_set_input_string(&parser, (const unsigned char *)p->source->text,
                                 p->source->length);
    bool good = yaml_parser_load(&parser, &p->document) != 0;
    yaml_parser_delete(&parser);
    return good ? p : NULL;
}

void machine_place_close(machine_place *p)
{
    if (p)
        yaml_document_delete(&p->document);
}

static yaml_node_t *member(const machine_place *p, yaml_node_t *node, const char *key)
{
    yaml_document_t *document = (yaml_document_t *)&p->document;
    if (!node || node->type != YAML_MAPPING_NODE)
        return NULL;
    yaml_node_pair_t *pair = node->data.mapping.pairs.start;
    for (; pair < node->data.mapping.pairs.top; pair++) {
        yaml_node_t *name = yaml_document_get_node(document, pair->key);
        if (name && name->type == YAML_SCALAR_NODE &&
            strcmp((const char *)name->data.scalar.value, key) == 0)
            return yaml_document_get_node(document, pair->value);
    }
    return NULL;
}

static yaml_node_t *element(const machine_place *p, yaml_node_t *node, int index)
{
    if (!node || node->type != YAML_SEQUENCE_NODE)
        return NULL;
    yaml_node_item_t *item = node->data.sequence.items.start + index;
    if (item >= node->data.sequence.items.top)
        return NULL;
    return yaml_document_get_node((yaml_document_t *)&p->document, *item);
}

/* update_rounding stands inside crossbar; every other group at the top. */
static yaml_node_t *find_group(const machine_place *p, const char *group)
{
    yaml_node_t *root = yaml_document_get_root_node((yaml_document_t *)&p->document);
    yaml_node_t *node = member(p, root, group);
    return node ? node : member(p, member(p, root, "crossbar"), group);
}

uint32_t machine_place_offset(const source_file *file, size_t line, size_t column)
{
    if (line >= file->lines)
        return (uint32_t)file->length;
    size_t at = file->line_starts[line];
    for (; column > 0 && at < file->length && file->text[at] != '\n'; column--) {
        at++;
        while (at < file->length && ((unsigned char)file->text[at] & 0xC0) == 0x80)
            at++;
    }
    return (uint32_t)at;
}

source_range machine_place_find(const machine_place *p, const char *group, int index,
                                const char *key, const char **text)
{
    if (text)
        *text = NULL;
    if (!p)
        return SOURCE_NOWHERE;
    yaml_node_t *node = group ? find_group(p, group)
                              : yaml_document_get_root_node((yaml_document_t *)&p->document);
    if (index >= 0)
        node = element(p, node, index);
    if (key)
        node = member(p, node, key);
    if (!node)
        return SOURCE_NOWHERE;
    if (text && node->type == YAML_SCALAR_NODE)
        *text = (const char *)node->data.scalar.value;
    return (source_range){
        p->file, machine_place_offset(p->source, node->start_mark.line, node->start_mark.column),
        machine_place_offset(p->source, node->end_mark.line, node->end_mark.column)};
}
