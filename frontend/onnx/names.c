#include "frontend/onnx/names.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

enum { NAME_LENGTH = 60 };

static size_t hash(const char *key)
{
    uint64_t h = 14695981039346656037u; /* FNV-1a */
    for (; *key; key++)
        h = (h ^ (uint8_t)*key) * 1099511628211u;
    return (size_t)(h ^ h >> 32);
}

static struct name_slot *slot_of(const name_map *map, const char *key)
{
    size_t i = hash(key) & (map->capacity - 1);
    while (map->slots[i].key && strcmp(map->slots[i].key, key) != 0)
        i = (i + 1) & (map->capacity - 1);
    return &map->slots[i];
}

size_t *name_find(const name_map *map, const char *key)
{
    struct name_slot *s = map->capacity ? slot_of(map, key) : NULL;
    return s && s->key ? &s->value : NULL;
}

static void grow(arena *memory, name_map *map)
{
    name_map larger = {.count = map->count, .capacity = map->capacity ? 2 * map->capacity : 64};
    larger.slots = arena_calloc(memory, larger.capacity, sizeof *larger.slots);
    for (size_t i = 0; i < map->capacity; i++)
        if (map->slots[i].key)
            *slot_of(&larger, map->slots[i].key) = map->slots[i];
    *map = larger;
}

size_t *name_put(arena *memory, name_map *map, const char *key)
{
    if (2 * map->count >= map->capacity)
        grow(memory, map);
    struct name_slot *s = slot_of(map, key);
    if (!s->key) {
        s->key = key;
        map->count++;
    }
    return &s->value;
}

/* ---- names of the program ---- */

/* The key itself if it is free, else with the next number behind it. */
static const char *fresh(arena *memory, name_map *used, const char *name)
{
    size_t *taken = name_find(used, name);
    const char *chosen = name;
    while (name_find(used, chosen))
        chosen = arena_printf(memory, "%s_%zu", name, ++*taken + 1);
    name_put(memory, used, chosen);
    return chosen;
}

/* Letters, digits and '_' stay, `dots` become '.', anything else '_'; none at the ends. */
static char *cleaned(arena *memory, const char *name, const char *dots, const char *otherwise)
{
    char *text = arena_strndup(memory, name, strnlen(name, NAME_LENGTH));
    for (char *c = text; *c; c++)
        if (!isalnum((unsigned char)*c) || (unsigned char)*c > 127)
            *c = strchr(dots, *c) ? '.' : '_';
    text += strspn(text, "_.");
    size_t length = strlen(text);
    while (length && strchr("_.", text[length - 1]))
        text[--length] = 0;
    return length ? text : arena_strdup(memory, otherwise);
}

/* PyTorch and CNTK end the name of a value so. */
static const char *without_output(arena *memory, const char *name)
{
    static const char ending[] = "_output_0";
    size_t length = strlen(name), less = sizeof ending - 1;
    if (length <= less || strcasecmp(name + length - less, ending) != 0)
        return name;
    return arena_strndup(memory, name, length - less);
}

/* "x12" for "12"; a word of the language gets a '_'. */
const char *name_identifier(arena *memory, name_map *used, const char *name, const char *otherwise)
{
    static const char *const words[] = {
        "include", "const",  "param", "def",   "network", "deploy", "on",  "for",
        "in",      "if",     "else",  "return", "scan",   "state",  "yield", "every",
        "and",     "or",     "not",   "true",  "false",   "kernel", "data",  "train",
        "name",    "elif",   "while", "True",  "False",   "import", "class", "None"};
    const char *text = cleaned(memory, without_output(memory, name), "", otherwise);
    if (isdigit((unsigned char)*text))
        text = arena_printf(memory, "x%s", text);
    bool format = *text == 'q' && text[1] && strspn(text + 1, "0123456789") == strlen(text + 1);
    for (size_t i = 0; !format && i < sizeof words / sizeof *words; i++)
        format = strcmp(text, words[i]) == 0;
    return fresh(memory, used, format ? arena_printf(memory, "%s_", text) : text);
}

const char *name_path(arena *memory, name_map *used, const char *name, const char *otherwise)
{
    return fresh(memory, used, cleaned(memory, name, "./", otherwise));
}
