#include "isa/asm_internal.h"

#include <string.h>

typedef struct directive {
    const char *word;
    size_t least, most; /* positional operands */
    bool keys;          /* whether key=value pairs may follow */
    void (*run)(assembler *s, const asm_statement *st);
    const char *usage;
} directive;

enum { ANY_NUMBER = 1 << 24 };

/* A text in quotes, or a single name. */
static const char *name_operand(assembler *s, const asm_operand *o)
{
    if (o->kind == OPERAND_TEXT)
        return o->text;
    if (o->kind == OPERAND_SUM && o->value.count == 1 && o->value.terms[0].name)
        return o->value.terms[0].name;
    diag_error(s->d, o->where, "a name is expected here");
    return NULL;
}

static bool number_operand(assembler *s, const asm_operand *o, int64_t least, int64_t most,
                           int64_t *value)
{
    if (o->kind != OPERAND_SUM) {
        diag_error(s->d, o->where, "a number is expected here");
        return false;
    }
    if (!asm_value(s, &o->value, value))
        return false;
    if (*value >= least && *value <= most)
        return true;
    diag_error(s->d, o->where, "the number lies between %lld and %lld, not %lld", (long long)least,
               (long long)most, (long long)*value);
    return false;
}

static void unknown_word(assembler *s, const record_field *f, const asm_operand *o)
{
    diag_error(s->d, o->where, "unknown value of '%s'", f->key);
    const char *text = f->words[0];
    for (int i = 1; i < f->word_count; i++)
        text = arena_printf(s->memory, "%s, %s", text, f->words[i]);
    diag_help(s->d, "possible are %s", text);
}

static void store_pair(assembler *s, const record_field *f, const asm_operand *o, void *row)
{
    int64_t value;
    if (f->kind == RECORD_WORD) {
        const char *word = name_operand(s, o);
        if (word && !record_store_word(f, row, word, strlen(word)))
            unknown_word(s, f, o);
    } else if (f->kind == RECORD_REAL && o->kind == OPERAND_REAL) {
        record_store_real(f, row, o->real);
    } else if (number_operand(s, o, INT32_MIN, UINT32_MAX, &value)) {
        if (f->kind == RECORD_REAL)
            record_store_real(f, row, (double)value);
        else if (!record_store(f, row, value))
            diag_error(s->d, o->where, "'%s' cannot hold %lld", f->key, (long long)value);
    }
}

/* Stores the key=value pairs of a statement in a row of a table. */
static void read_pairs(assembler *s, const asm_statement *st, const record_field *fields, void *row)
{
    const char *keys[16];
    size_t count = 0;
    for (const record_field *f = fields; f->key && count < 16; f++)
        keys[count++] = f->key;
    for (size_t i = 0; i < st->operands.count; i++) {
        const asm_operand *o = &st->operands.at[i];
        const record_field *f = fields;
        if (!o->key)
            continue;
        while (f->key && strcmp(f->key, o->key) != 0)
            f++;
        if (f->key) {
            store_pair(s, f, o, row);
            continue;
        }
        const char *near = diag_nearest(o->key, keys, count);
        diag_error(s->d, o->key_where, "'%s' has no key '%s'", st->word, o->key);
        diag_help(s->d, "%s '%s'", near ? "did you mean" : "there is", near ? near : keys[0]);
    }
}

static void run_machine(assembler *s, const asm_statement *st)
{
    const char *name = name_operand(s, &st->operands.at[0]);
    if (!name || strcmp(name, s->m->name) == 0)
        return;
    diag_error(s->d, st->operands.at[0].where, "the program is for the machine '%s', not for '%s'",
               name, s->m->name);
}

static void run_opa(assembler *s, const asm_statement *st)
{
    read_pairs(s, st, record_opa, s->im);
}

static void run_layer(assembler *s, const asm_statement *st)
{
    const char *name = name_operand(s, &st->operands.at[0]);
    if (name)
        ARENA_PUSH(s->memory, s->im->layers, s->im->layer_count, s->layers, name);
}

static void run_matrix(assembler *s, const asm_statement *st)
{
    image_matrix m = {.name = name_operand(s, &st->operands.at[0])};
    read_pairs(s, st, record_matrix, &m);
    if (!m.name)
        m.name = "";
    ARENA_PUSH(s->memory, s->im->matrices, s->im->matrix_count, s->matrices, m);
    s->blocks = 0;
}

static void run_block(assembler *s, const asm_statement *st)
{
    image_block b = {0};
    if (s->im->matrix_count == 0) {
        diag_error(s->d, st->where, "a '.block' follows its '.matrix'");
        return;
    }
    image_matrix *m = &s->im->matrices[s->im->matrix_count - 1];
    read_pairs(s, st, record_block, &b);
    ARENA_PUSH(s->memory, m->blocks, m->block_count, s->blocks, b);
}

static void run_tensor(assembler *s, const asm_statement *st)
{
    image_tensor t = {.name = name_operand(s, &st->operands.at[0]), .rank = 1};
    read_pairs(s, st, record_tensor, &t);
    if (!t.name)
        t.name = "";
    ARENA_PUSH(s->memory, s->im->tensors, s->im->tensor_count, s->tensors, t);
}

static void run_plan(assembler *s, const asm_statement *st)
{
    const char *text = name_operand(s, &st->operands.at[0]);
    if (text)
        s->im->plan = text;
}

static void run_entry(assembler *s, const asm_statement *st)
{
    asm_finish_agent(s);
    image_entry e = {.name = name_operand(s, &st->operands.at[0]), .batch = 1};
    read_pairs(s, st, record_entry, &e);
    if (!e.name)
        e.name = "";
    ARENA_PUSH(s->memory, s->im->entries, s->im->entry_count, s->entries, e);
    s->agents = s->presets = s->buffers = s->inputs = s->outputs = s->packets = 0;
    s->node = s->tile = 0;
    s->has_port = false;
}

static void add_port(assembler *s, const asm_statement *st, bool output)
{
    image_entry *e = asm_entry(s);
    image_port p = {.name = name_operand(s, &st->operands.at[0]),
                    .role = output ? PORT_OUTPUT : PORT_INPUT,
                    .points = 1};
    read_pairs(s, st, record_port, &p);
    if (!p.name)
        p.name = "";
    if (output)
        ARENA_PUSH(s->memory, e->outputs, e->output_count, s->outputs, p);
    else
        ARENA_PUSH(s->memory, e->inputs, e->input_count, s->inputs, p);
    s->packets = 0;
    s->has_port = true;
    s->port_is_output = output;
}

static void run_input(assembler *s, const asm_statement *st)
{
    add_port(s, st, false);
}

static void run_output(assembler *s, const asm_statement *st)
{
    add_port(s, st, true);
}

static void run_packet(assembler *s, const asm_statement *st)
{
    image_packet k = {0};
    if (!s->has_port) {
        diag_error(s->d, st->where, "a '.packet' follows its '.input' or '.output'");
        return;
    }
    image_entry *e = asm_entry(s);
    image_port *p =
        s->port_is_output ? &e->outputs[e->output_count - 1] : &e->inputs[e->input_count - 1];
    read_pairs(s, st, record_packet, &k);
    ARENA_PUSH(s->memory, p->packets, p->packet_count, s->packets, k);
}

static void run_node(assembler *s, const asm_statement *st)
{
    int64_t v;
    asm_finish_agent(s);
    if (number_operand(s, &st->operands.at[0], 0, s->m->nodes - 1, &v))
        s->node = (uint16_t)v;
}

static void run_tile(assembler *s, const asm_statement *st)
{
    int64_t v;
    asm_finish_agent(s);
    if (number_operand(s, &st->operands.at[0], 0, s->m->tiles - 1, &v))
        s->tile = (uint16_t)v;
}

static void start_agent(assembler *s, const asm_statement *st, bool is_thread, int limit)
{
    int64_t v = 0;
    asm_finish_agent(s);
    number_operand(s, &st->operands.at[0], 0, limit - 1, &v);
    image_entry *e = asm_entry(s);
    image_agent g = {.node = s->node,
                     .tile = s->tile,
                     .is_thread = is_thread,
                     .agent = (uint16_t)v,
                     .comment = ""};
    const char *key = arena_printf(s->memory, "%u %u %u %d %u", s->im->entry_count, g.node, g.tile,
                                   is_thread, g.agent);
    if (!asm_symbol_add(s, SCOPE_PROGRAM, key, 0))
        diag_error(s->d, st->where, "this %s has a program already", is_thread ? "thread" : "core");
    ARENA_PUSH(s->memory, e->agents, e->agent_count, s->agents, g);
    s->insns = s->origins = s->ranges = s->labels = 0;
    s->insn_ranges = NULL;
    s->in_agent = true;
    s->agent_where = st->where;
}

static void run_core(assembler *s, const asm_statement *st)
{
    start_agent(s, st, false, s->m->cores);
}

static void run_thread(assembler *s, const asm_statement *st)
{
    start_agent(s, st, true, s->m->control_threads);
}

static void run_equ(assembler *s, const asm_statement *st)
{
    int64_t v;
    const asm_operand *o = st->operands.at;
    const char *name = name_operand(s, &o[0]);
    if (!name || !number_operand(s, &o[1], INT32_MIN, UINT32_MAX, &v))
        return;
    if (!asm_name_plain(name))
        diag_error(s->d, o[0].where, "'%s' cannot be the name of a symbol", name);
    else if (!asm_symbol_add(s, SCOPE_GLOBAL, name, v))
        diag_error(s->d, o[0].where, "the symbol '%s' is defined already", name);
}

/* Whether words from an address on lie in the memory of a tile. */
static bool in_memory(assembler *s, source_range where, int64_t address, int64_t words)
{
    if (address + words <= s->m->memory_words)
        return true;
    diag_error(s->d, where, "words %lld to %lld lie outside the shared memory (%d words)",
               (long long)address, (long long)(address + words - 1), s->m->memory_words);
    return false;
}

static void run_buffer(assembler *s, const asm_statement *st)
{
    int64_t address, words;
    const asm_operand *o = st->operands.at;
    const char *name = name_operand(s, &o[0]);
    image_entry *e = asm_entry(s);
    if (!name || !number_operand(s, &o[1], 0, s->m->memory_words, &address) ||
        !number_operand(s, &o[2], 0, s->m->memory_words, &words) ||
        !in_memory(s, st->where, address, words))
        return;
    image_buffer b = {name, s->node, s->tile, (uint32_t)address, (uint32_t)words};
    ARENA_PUSH(s->memory, e->buffers, e->buffer_count, s->buffers, b);
    asm_symbol_add(s, SCOPE_TILE, name, address); /* a twin makes the name ambiguous where used */
}

/* count consumers, or 0 for `keep`. */
static bool count_operand(assembler *s, const asm_operand *o, int64_t *count)
{
    bool keep = o->kind == OPERAND_SUM && o->value.count == 1 && o->value.terms[0].name &&
                strcmp(o->value.terms[0].name, "keep") == 0;
    *count = 0;
    return keep || number_operand(s, o, 1, 255, count);
}

/* VALUE or VALUE*TIMES. */
static bool run_of_values(assembler *s, const asm_operand *o, int64_t *value, int64_t *times)
{
    *times = 1;
    if (o->kind == OPERAND_REPEAT && !asm_value(s, &o->times, times))
        return false;
    asm_operand plain = *o;
    plain.kind = o->kind == OPERAND_REPEAT ? OPERAND_SUM : o->kind;
    if (!number_operand(s, &plain, INT16_MIN, INT16_MAX, value))
        return false;
    if (*times >= 0 && *times <= s->m->memory_words)
        return true;
    diag_error(s->d, o->where, "a value is repeated 0 to %d times", s->m->memory_words);
    return false;
}

/* A single value is kept as such, however often it stands there. */
static bool preset_values(assembler *s, const asm_operand *o, size_t count, image_preset *p)
{
    int64_t value, times;
    size_t capacity = 0;
    for (size_t i = 0; i < count; i++) {
        if (!run_of_values(s, &o[i], &value, &times) ||
            !in_memory(s, o[i].where, p->address, (int64_t)p->words + times))
            return false;
        p->value = (int16_t)value;
        if (count == 1)
            p->words = (uint32_t)times;
        else
            for (; times > 0; times--)
                ARENA_PUSH(s->memory, p->values, p->words, capacity, (int16_t)value);
    }
    return true;
}

static bool preset_runs(assembler *s, const asm_statement *st, image_preset *p)
{
    read_pairs(s, st, record_preset, p);
    if (p->repeat == 1)
        return true;
    if (p->repeat < 1 || p->words < 1 || p->stride < p->words) {
        diag_error(s->d, st->where,
                   "a run of %u words is repeated at least once, and at least so many words apart",
                   p->words);
        return false;
    }
    int64_t most = s->m->memory_words; /* runs, since each begins at another word */
    int64_t before = p->repeat > most ? most : p->repeat - 1;
    return in_memory(s, st->where, p->address, before * p->stride + p->words);
}

static void run_preset(assembler *s, const asm_statement *st)
{
    int64_t address, count;
    size_t values = 0;
    const asm_operand *o = st->operands.at;
    if (!number_operand(s, &o[0], 0, s->m->memory_words - 1, &address) ||
        !count_operand(s, &o[1], &count))
        return;
    image_preset p = {.node = s->node,
                      .tile = s->tile,
                      .address = (uint32_t)address,
                      .count = (uint8_t)count,
                      .repeat = 1};
    while (2 + values < st->operands.count && !o[2 + values].key)
        values++;
    if (!preset_values(s, o + 2, values, &p) || !preset_runs(s, st, &p))
        return;
    image_entry *e = asm_entry(s);
    ARENA_PUSH(s->memory, e->presets, e->preset_count, s->presets, p);
}

static const directive directives[] = {
    {".machine", 1, 1, false, run_machine, ".machine NAME"},
    {".opa", 0, 0, true, run_opa, ".opa mode=... rounds=..."},
    {".layer", 1, 1, false, run_layer, ".layer NAME"},
    {".matrix", 1, 1, true, run_matrix, ".matrix NAME rows=... columns=... q=..."},
    {".block", 0, 0, true, run_block, ".block node=... tile=... core=... mcu=... ..."},
    {".tensor", 1, 1, true, run_tensor, ".tensor NAME matrix=... ..."},
    {".plan", 1, 1, false, run_plan, ".plan TEXT"},
    {".entry", 1, 1, true, run_entry, ".entry NAME batch=N"},
    {".input", 1, 1, true, run_input, ".input NAME elements=... q=..."},
    {".output", 1, 1, true, run_output, ".output NAME elements=... q=..."},
    {".packet", 0, 0, true, run_packet, ".packet node=... tile=... channel=... words=..."},
    {".node", 1, 1, false, run_node, ".node N"},
    {".tile", 1, 1, false, run_tile, ".tile N"},
    {".core", 1, 1, false, run_core, ".core N"},
    {".thread", 1, 1, false, run_thread, ".thread N"},
    {".equ", 2, 2, false, run_equ, ".equ NAME, VALUE"},
    {".buffer", 3, 3, false, run_buffer, ".buffer NAME, ADDRESS, WORDS"},
    {".preset", 2, ANY_NUMBER, true, run_preset,
     ".preset ADDRESS, COUNT|keep, VALUE*TIMES, ... repeat=... stride=..."},
};
enum { DIRECTIVES = sizeof directives / sizeof directives[0] };

static void unknown_directive(assembler *s, const asm_statement *st)
{
    const char *names[DIRECTIVES];
    for (size_t i = 0; i < DIRECTIVES; i++)
        names[i] = directives[i].word;
    diag_error(s->d, st->word_where, "unknown directive '%s'", st->word);
    const char *near = diag_nearest(st->word, names, DIRECTIVES);
    if (near)
        diag_help(s->d, "did you mean '%s'?", near);
}

/* Positional operands come first; keys only where the directive has some. */
static bool operands_fit(const directive *d, const asm_statement *st)
{
    size_t positional = 0;
    for (size_t i = 0; i < st->operands.count; i++) {
        if (!st->operands.at[i].key && positional++ != i)
            return false;
    }
    return positional >= d->least && positional <= d->most &&
           (d->keys || positional == st->operands.count);
}

void asm_directive(assembler *s, const asm_statement *st)
{
    for (size_t i = 0; i < DIRECTIVES; i++) {
        const directive *d = &directives[i];
        if (strcmp(d->word, st->word) != 0)
            continue;
        if (operands_fit(d, st)) {
            d->run(s, st);
        } else {
            diag_error(s->d, st->where, "'%s' takes other operands than these", st->word);
            diag_help(s->d, "%s", d->usage);
        }
        return;
    }
    unknown_directive(s, st);
}
