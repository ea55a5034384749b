#include "isa/asm_internal.h"

#include <string.h>
#include <uthash.h>

struct asm_symbol {
    const char *key; /* scope and name */
    const char *name;
    asm_scope scope;
    int64_t value;
    bool ambiguous;
    UT_hash_handle hh;
};

/* One table serves all scopes: the key says which entry, tile or program a name belongs to. */
static const char *key_of(const assembler *s, asm_scope scope, const char *name)
{
    if (scope == SCOPE_GLOBAL || scope == SCOPE_PROGRAM)
        return arena_printf(s->memory, "%c %s", scope == SCOPE_GLOBAL ? 'g' : 'p', name);
    const image_entry *e = &s->im->entries[s->im->entry_count - 1];
    if (scope == SCOPE_TILE)
        return arena_printf(s->memory, "t %u %u %u %s", s->im->entry_count, s->node, s->tile, name);
    return arena_printf(s->memory, "a %u %u %s", s->im->entry_count, e->agent_count, name);
}

static asm_symbol *find(const assembler *s, asm_scope scope, const char *name)
{
    asm_symbol *found = NULL;
    if (scope > SCOPE_PROGRAM && s->im->entry_count == 0)
        return NULL;
    const char *key = key_of(s, scope, name);
    HASH_FIND_STR(s->symbols, key, found);
    return found;
}

bool asm_symbol_add(assembler *s, asm_scope scope, const char *name, int64_t value)
{
    asm_symbol *old = find(s, scope, name);
    if (old) {
        old->ambiguous = true;
        return false;
    }
    asm_symbol *fresh = ARENA_NEW(s->memory, asm_symbol);
    fresh->key = key_of(s, scope, name);
    fresh->name = name;
    fresh->scope = scope;
    fresh->value = value;
    HASH_ADD_KEYPTR(hh, s->symbols, fresh->key, strlen(fresh->key), fresh);
    return true;
}

bool asm_symbol_find(const assembler *s, asm_scope scope, const char *name, int64_t *value,
                     bool *ambiguous)
{
    const asm_symbol *found = find(s, scope, name);
    if (!found)
        return false;
    *value = found->value;
    *ambiguous = found->ambiguous;
    return true;
}

const char *asm_symbol_nearest(const assembler *s, asm_scope scope, const char *name)
{
    enum { ENOUGH = 2000 }; /* names compared: bounds the time of a hopeless program */
    const char *names[ENOUGH];
    size_t count = 0;
    const asm_symbol *symbol = s->symbols;
    for (; symbol && count < ENOUGH; symbol = symbol->hh.next)
        if (symbol->scope == scope && strcmp(symbol->name, name) != 0)
            names[count++] = symbol->name;
    return diag_nearest(name, names, count);
}

void asm_symbols_free(assembler *s)
{
    HASH_CLEAR(hh, s->symbols); /* the symbols themselves live in the arena */
}
