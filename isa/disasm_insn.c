#include "isa/disasm_text.h"
#include "isa/image.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Text that may not fit: length counts what would have been written. */
typedef struct text {
    char *buffer;
    size_t size, length;
} text;

static void append(text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void append(text *t, const char *format, ...)
{
    va_list args;
    size_t room = t->length < t->size ? t->size - t->length : 0;
    va_start(args, format);
    int n = vsnprintf(room ? t->buffer + t->length : NULL, room, format, args);
    va_end(args);
    t->length += n > 0 ? (size_t)n : 0;
}

static void append_vector(text *t, int32_t v)
{
    if (!isa_vector_is_mcu(v)) {
        append(t, "v%" PRId32, v);
        return;
    }
    append(t, "m%d.%s", isa_vector_mcu_of(v), isa_mcu_vector_names[isa_vector_which(v)]);
    if (isa_vector_offset(v))
        append(t, "+%d", isa_vector_offset(v));
}

/* Each mask reads MVM, MTVM, OPA from left to right; MCU 0 comes first. */
static void append_masks(text *t, int32_t masks)
{
    int last = ISA_MCUS_MAX - 1;
    while (last > 0 && !(masks >> (MCU_OPERATIONS * last) & 7))
        last--;
    for (int m = 0; m <= last; m++) {
        int mask = masks >> (MCU_OPERATIONS * m) & 7;
        append(t, "%s%d%d%d", m ? ", " : "", mask >> MCU_MVM & 1, mask >> MCU_MTVM & 1,
               mask >> MCU_OPA & 1);
    }
}

static void append_mcus(text *t, int32_t set)
{
    const char *between = "";
    for (int m = 0; m < ISA_MCUS_MAX; m++) {
        if (set >> m & 1) {
            append(t, "%sm%d", between, m);
            between = ", ";
        }
    }
}

static void append_special(text *t, int32_t value, int32_t special, const char *word)
{
    if (value == special)
        append(t, "%s", word);
    else
        append(t, "%" PRId32, value);
}

static void append_field(text *t, isa_field_kind kind, int32_t value)
{
    switch (kind) {
    case FIELD_VECTOR:
        append_vector(t, value);
        break;
    case FIELD_SCALAR:
        append(t, "s%" PRId32, value);
        break;
    case FIELD_COUNT:
        append_special(t, value, 0, "keep");
        break;
    case FIELD_NODE:
        append_special(t, value, ISA_NODE_HOST, "host");
        break;
    case FIELD_ROUND:
        append(t, "stochastic");
        break;
    case FIELD_MASKS:
        append_masks(t, value);
        break;
    case FIELD_MCUSET:
        append_mcus(t, value);
        break;
    case FIELD_TARGET:
        append(t, "%+" PRId32, value);
        break;
    default:
        append(t, "%" PRId32, value);
        break;
    }
}

/* Prints field i (or the fields that make one operand with it); returns the next field. */
static int append_operand(text *t, const isa_insn *insn, const uint8_t *kinds, int i,
                          const char *address, const char *target)
{
    if (kinds[i] == FIELD_BASE) { /* the offset follows */
        append(t, "[s%" PRId32 " + ", insn->field[i]);
        if (address)
            append(t, "%s]", address);
        else
            append(t, "%" PRId32 "]", insn->field[i + 1]);
        return i + 2;
    }
    if (kinds[i] == FIELD_TARGET && target)
        append(t, "%s", target);
    else
        append_field(t, (isa_field_kind)kinds[i], insn->field[i]);
    return i + 1;
}

int insn_text(const isa_insn *insn, const char *address, const char *target, int column,
              char *buffer, size_t size)
{
    text t = {buffer, size, 0};
    if (size)
        buffer[0] = '\0';
    if ((unsigned)insn->op >= ISA_OP_COUNT) {
        append(&t, "?");
        return (int)t.length;
    }
    const uint8_t *kinds = isa_formats[isa_table[insn->op].format];
    const char *between = " ";
    append(&t, "%s", isa_table[insn->op].mnemonic);
    while (kinds[0] != FIELD_END && (int)t.length < column - 1)
        append(&t, " ");
    for (int i = 0; i < ISA_FIELDS_MAX && kinds[i] != FIELD_END;) {
        if (kinds[i] == FIELD_ROUND && !insn->field[i])
            break; /* to nearest: neither the word nor a stream is written */
        append(&t, "%s", between);
        between = ", ";
        i = append_operand(&t, insn, kinds, i, address, target);
    }
    return (int)t.length;
}

int disasm_insn(const isa_insn *insn, char *buffer, size_t size)
{
    return insn_text(insn, NULL, NULL, 0, buffer, size);
}

int isa_syntax(isa_op op, char *buffer, size_t size)
{
    text t = {buffer, size, 0};
    const uint8_t *kinds = isa_formats[isa_table[op].format];
    append(&t, "%s", isa_table[op].mnemonic);
    for (int i = 0; i < ISA_FIELDS_MAX && kinds[i] != FIELD_END; i++) {
        const char *between = i ? ", " : " ";
        if (kinds[i] == FIELD_ROUND) {
            append(&t, " [, stochastic, stream]");
            i++; /* the stream */
        } else {
            append(&t, "%s%s", between, isa_kind_names[kinds[i]]);
            i += kinds[i] == FIELD_BASE; /* its offset is part of the same operand */
        }
    }
    return (int)t.length;
}
