#include "isa/image.h"

#include <string.h>

/* Operands of one word where the instruction's width counts the other operand's. */
static uint32_t operand_words(isa_op op, int operand, uint32_t width)
{
    bool single = operand == 0 ? op == ISA_sum || op == ISA_maxr : operand == 1 && op == ISA_bcast;
    return single ? 1 : width;
}

static int side_of(const machine *m, mcu_vector which)
{
    bool rows = which == MCU_MVM_IN || which == MCU_MTVM_OUT || which == MCU_OPA_ROW;
    return rows ? m->slices.rows : m->slices.columns;
}

static const char *check_vector(arena *memory, int32_t v, uint32_t words, const machine *m)
{
    if (!isa_vector_is_mcu(v)) {
        if ((uint32_t)v + words > (uint32_t)m->vector_words)
            return arena_printf(memory, "v%d with %u words reaches beyond the %d vector registers",
                                v, words, m->vector_words);
        return NULL;
    }
    mcu_vector which = isa_vector_which(v);
    if (isa_vector_mcu_of(v) >= m->mcus)
        return arena_printf(memory, "m%d does not exist: the machine has %d MCUs per core",
                            isa_vector_mcu_of(v), m->mcus);
    if ((uint32_t)isa_vector_offset(v) + words > (uint32_t)side_of(m, which))
        return arena_printf(memory, "m%d.%s+%d with %u words reaches beyond its %d words",
                            isa_vector_mcu_of(v), isa_mcu_vector_names[which], isa_vector_offset(v),
                            words, side_of(m, which));
    return NULL;
}

static const char *check_mcus(arena *memory, int32_t value, int bits_each, const machine *m)
{
    if (value >> (bits_each * m->mcus) == 0)
        return NULL;
    return arena_printf(memory, "more MCUs are named than the %d of a core", m->mcus);
}

static const char *check_target(arena *memory, int32_t offset, uint32_t at, uint32_t count)
{
    int64_t to = (int64_t)at + offset;
    if (to >= 0 && to < (int64_t)count)
        return NULL;
    return arena_printf(memory, "the branch leads outside the program (to %lld of %u)",
                        (long long)to, count);
}

static uint32_t width_of(const isa_insn *insn, const uint8_t *kinds)
{
    for (int i = 0; i < ISA_FIELDS_MAX && kinds[i] != FIELD_END; i++)
        if (kinds[i] == FIELD_WIDTH)
            return (uint32_t)insn->field[i];
    return 1;
}

static const char *check_limit(arena *memory, const char *what, int32_t value, int limit)
{
    if (value < limit)
        return NULL;
    return arena_printf(memory, "%s %d does not exist: the machine has %d", what, value, limit);
}

/* A node or tile or channel of a packet that stays inside the machine. */
static const char *check_send(arena *memory, const isa_insn *insn, const machine *m)
{
    int32_t node = insn->field[3];
    if (node == ISA_NODE_HOST)
        return NULL;
    const char *error = check_limit(memory, "node", node, m->nodes);
    if (!error)
        error = check_limit(memory, "tile", insn->field[4], m->tiles);
    return error ? error : check_limit(memory, "channel", insn->field[5], m->channels);
}

static const char *check_operand(arena *memory, const isa_insn *insn, int i, uint32_t width,
                                 const machine *m)
{
    isa_format format = isa_table[insn->op].format;
    int32_t v = insn->field[i];
    switch ((isa_field_kind)isa_formats[format][i]) {
    case FIELD_VECTOR:
        return check_vector(memory, v, operand_words(insn->op, i, width), m);
    case FIELD_SCALAR:
    case FIELD_BASE:
        return check_limit(memory, "scalar register", v, m->scalar_registers);
    case FIELD_MASKS:
        return check_mcus(memory, v, MCU_OPERATIONS, m);
    case FIELD_MCUSET:
        return check_mcus(memory, v, 1, m);
    case FIELD_CHANNEL:
        return format == FORMAT_RECEIVE ? check_limit(memory, "channel", v, m->channels) : NULL;
    case FIELD_OFFSET:
        return width <= (uint32_t)m->memory_words
                   ? NULL
                   : arena_printf(memory, "%u words are more than the shared memory has (%d)",
                                  width, m->memory_words);
    default:
        return NULL;
    }
}

const char *image_check_insn(arena *memory, const isa_insn *insn, const machine *m, bool is_thread,
                             uint32_t at, uint32_t count)
{
    const char *error = isa_check(insn);
    if (error)
        return error;
    const isa_row *row = &isa_table[insn->op];
    const uint8_t *kinds = isa_formats[row->format];
    if (!(row->place & (is_thread ? PLACE_TILE : PLACE_CORE)))
        return arena_printf(memory, "'%s' belongs to a %s", row->mnemonic,
                            is_thread ? "core, not to a control thread"
                                      : "control thread of the tile, not to a core");
    uint32_t width = width_of(insn, kinds);
    for (int i = 0; i < ISA_FIELDS_MAX && kinds[i] != FIELD_END && !error; i++) {
        error = check_operand(memory, insn, i, width, m);
        if (!error && kinds[i] == FIELD_TARGET)
            error = check_target(memory, insn->field[i], at, count);
    }
    return !error && row->format == FORMAT_SEND ? check_send(memory, insn, m) : error;
}

/* The line of a fingerprint with the name that line begins with, or "". */
static const char *same_parameter(const char *fingerprint, const char *line)
{
    size_t name = strcspn(line, "=") + 1;
    while (*fingerprint && strncmp(fingerprint, line, name) != 0) {
        fingerprint += strcspn(fingerprint, "\n");
        fingerprint += *fingerprint == '\n';
    }
    return fingerprint;
}

bool image_fits_machine(const image *im, const machine *m, diag *d, const char *path)
{
    arena *scratch = arena_new();
    int before = diag_errors(d);
    for (const char *here = machine_fingerprint(scratch, m); *here;) {
        const char *there = same_parameter(im->fingerprint, here);
        size_t n = strcspn(here, "\n"), k = strcspn(there, "\n");
        if (k == 0)
            diag_file_error(d, path, "the image does not say which machine it was compiled for "
                                     "(%.*s is missing)", (int)strcspn(here, "="), here);
        else if (k != n || strncmp(there, here, n) != 0)
            diag_file_error(d, path,
                            "the image was compiled for a machine with %.*s; '%s' has %.*s",
                            (int)k, there, m->name, (int)n, here);
        here += n + (here[n] == '\n');
    }
    arena_free(scratch);
    return diag_errors(d) == before;
}
