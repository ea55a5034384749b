#include "ir/verify.h"

#include <string.h>
#include <uthash.h>

struct ir_named {
    const char *name;
    const void *thing;
    UT_hash_handle hh;
};

/* False if the name is already there. */
bool ir_named_add(arena *memory, struct ir_named **table, const char *name, const void *thing)
{
    if (ir_named_find(*table, name))
        return false;
    struct ir_named *entry = ARENA_NEW(memory, struct ir_named);
    entry->name = name;
    entry->thing = thing;
    HASH_ADD_KEYPTR(hh, *table, entry->name, strlen(entry->name), entry);
    return true;
}

void ir_named_set(arena *memory, struct ir_named **table, const char *name, const void *thing)
{
    struct ir_named *entry;
    if (ir_named_add(memory, table, name, thing))
        return;
    HASH_FIND_STR(*table, name, entry);
    entry->thing = thing;
}

const void *ir_named_find(struct ir_named *table, const char *name)
{
    struct ir_named *entry;
    HASH_FIND_STR(table, name, entry);
    return entry ? entry->thing : NULL;
}

void ir_named_free(struct ir_named **table)
{
    HASH_CLEAR(hh, *table);
}
