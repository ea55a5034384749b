/* The text of --trace-filter. */
#include "emulator/observe/timeline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *parse_range(arena *memory, const char *key, const char *text, timeline_range *r)
{
    char *end = NULL;
    errno = 0;
    bool digit = text[0] >= '0' && text[0] <= '9';
    unsigned long long low = digit ? strtoull(text, &end, 10) : 0, high = low;
    bool good = digit && !errno;
    if (good && *end == ':') {
        text = end + 1;
        good = text[0] >= '0' && text[0] <= '9';
        high = good ? strtoull(text, &end, 10) : 0;
    }
    if (!good || errno || *end || high < low)
        return arena_printf(memory, "%s takes a number or a range like 0:3", key);
    *r = (timeline_range){low, high};
    return NULL;
}

static const char *parse_limit(arena *memory, const char *text, uint64_t *bytes)
{
    timeline_range r;
    const char *why = parse_range(memory, "limit", text, &r);
    if (why || r.low != r.high || r.low < 1 || r.low > 1 << 20)
        return "limit takes MiB of JSON, from 1 to 1048576";
    *bytes = r.low << 20;
    return NULL;
}

static const char *parse_item(arena *memory, char *item, timeline_filter *f)
{
    char *value = strchr(item, '=');
    if (!value || !value[1])
        return arena_printf(memory, "'%s' is not KEY=VALUE", item);
    *value++ = 0;
    const struct {
        const char *name;
        timeline_range *range;
        bool *given;
    } ranges[] = {{"node", &f->node, NULL},
                  {"tile", &f->tile, NULL},
                  {"core", &f->core, &f->has_core},
                  {"thread", &f->thread, &f->has_thread},
                  {"cycles", &f->cycles, NULL}};
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (strcmp(item, ranges[i].name) == 0) {
            if (ranges[i].given)
                *ranges[i].given = true;
            return parse_range(memory, item, value, ranges[i].range);
        }
    if (strcmp(item, "limit") == 0)
        return parse_limit(memory, value, &f->limit);
    if (strcmp(item, "layer") != 0)
        return arena_printf(memory,
                            "there is no key '%s'; there are node, tile, core, thread, cycles, "
                            "layer and limit",
                            item);
    f->layer = value;
    return NULL;
}

const char *timeline_filter_parse(arena *memory, const char *text, timeline_filter *f)
{
    const timeline_range all = {0, UINT64_MAX};
    *f = (timeline_filter){.node = all,
                           .tile = all,
                           .core = all,
                           .thread = all,
                           .cycles = all,
                           .limit = (uint64_t)TIMELINE_LIMIT_MIB << 20};
    char *rest = text ? arena_strdup(memory, text) : NULL;
    if (rest && !*rest)
        return "it is empty";
    while (rest) {
        char *comma = strchr(rest, ',');
        if (comma)
            *comma++ = 0;
        const char *why = parse_item(memory, rest, f);
        if (why)
            return why;
        rest = comma;
    }
    return NULL;
}
