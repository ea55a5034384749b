#include "isa/asm_records.h"

#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const char *const role_words[] = {"input", "target", "scalar", "output"};
static const char *const encoding_words[] = {"value", "one_hot"};
static const char *const init_words[] = {"constant", "uniform", "normal"};
static const char *const fold_words[] = {"none", "scale", "shift", "mean", "var"};

#define NUMBER(type, key, member, kind) {key, offsetof(type, member), RECORD_##kind, NULL, 0}
#define WORD(type, key, member, words)                                                             \
    {key, offsetof(type, member), RECORD_WORD, words, (int)(sizeof words / sizeof words[0])}
#define END {NULL, 0, RECORD_U8, NULL, 0}

const record_field record_opa[] = {
    {"mode", offsetof(image, opa_mode), RECORD_WORD, opa_mode_names, OPA_MODES},
    NUMBER(image, "rounds", rounds_updates, FLAG),
    END,
};

const record_field record_matrix[] = {
    NUMBER(image_matrix, "layer", layer, U16),
    NUMBER(image_matrix, "rows", rows, U32),
    NUMBER(image_matrix, "columns", columns, U32),
    NUMBER(image_matrix, "q", q, U8),
    NUMBER(image_matrix, "frozen", frozen, FLAG),
    NUMBER(image_matrix, "copy_of", copy_of, U32),
    END,
};

const record_field record_block[] = {
    NUMBER(image_block, "node", node, U16),
    NUMBER(image_block, "tile", tile, U16),
    NUMBER(image_block, "core", core, U16),
    NUMBER(image_block, "mcu", mcu, U16),
    NUMBER(image_block, "row", row0, U32),
    NUMBER(image_block, "column", column0, U32),
    NUMBER(image_block, "rows", rows, U16),
    NUMBER(image_block, "columns", columns, U16),
    NUMBER(image_block, "mvm_shift", mvm_shift, I8),
    NUMBER(image_block, "mtvm_shift", mtvm_shift, I8),
    END,
};

const record_field record_tensor[] = {
    NUMBER(image_tensor, "matrix", matrix, U32),
    NUMBER(image_tensor, "rank", rank, U32),
    NUMBER(image_tensor, "dim0", dims[0], U32),
    NUMBER(image_tensor, "dim1", dims[1], U32),
    NUMBER(image_tensor, "dim2", dims[2], U32),
    NUMBER(image_tensor, "dim3", dims[3], U32),
    NUMBER(image_tensor, "first", first, U32),
    NUMBER(image_tensor, "row", row0, U32),
    NUMBER(image_tensor, "column", column0, U32),
    NUMBER(image_tensor, "rows", rows, U32),
    NUMBER(image_tensor, "columns", columns, U32),
    NUMBER(image_tensor, "pixel", pixel, U32),
    WORD(image_tensor, "init", init, init_words),
    NUMBER(image_tensor, "value", init_value, REAL),
    WORD(image_tensor, "fold", fold, fold_words),
    NUMBER(image_tensor, "eps", eps, REAL),
    END,
};

const record_field record_entry[] = {
    NUMBER(image_entry, "batch", batch, U32),
    NUMBER(image_entry, "updates", updates, FLAG),
    NUMBER(image_entry, "steps", bound_steps, U32),
    NUMBER(image_entry, "steps_serial", bound_steps_serial, U32),
    END,
};

const record_field record_port[] = {
    WORD(image_port, "role", role, role_words),
    WORD(image_port, "encoding", encoding, encoding_words),
    NUMBER(image_port, "per_kernel", per_kernel, FLAG),
    NUMBER(image_port, "elements", elements, U32),
    NUMBER(image_port, "points", points, U32),
    NUMBER(image_port, "by_points", by_points, FLAG),
    NUMBER(image_port, "q", q, U8),
    END,
};

const record_field record_packet[] = {
    NUMBER(image_packet, "node", node, U16),
    NUMBER(image_packet, "tile", tile, U16),
    NUMBER(image_packet, "channel", channel, U8),
    NUMBER(image_packet, "first", first, U32),
    NUMBER(image_packet, "words", words, U32),
    END,
};

const record_field record_preset[] = {
    NUMBER(image_preset, "repeat", repeat, U32),
    NUMBER(image_preset, "stride", stride, U32),
    END,
};

typedef struct record_shape {
    size_t bytes;
    int64_t least, most;
} record_shape;

static const record_shape shapes[] = {
    [RECORD_U8] = {1, 0, UINT8_MAX},   [RECORD_U16] = {2, 0, UINT16_MAX},
    [RECORD_U32] = {4, 0, UINT32_MAX}, [RECORD_I8] = {1, INT8_MIN, INT8_MAX},
    [RECORD_FLAG] = {1, 0, 1},
};

/* Little-endian and big-endian hosts alike: through the exact type. */
static int64_t fetch(const record_field *f, const void *row)
{
    const char *at = (const char *)row + f->offset;
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    if (f->kind == RECORD_U16)
        return memcpy(&u16, at, sizeof u16), u16;
    if (f->kind == RECORD_U32 || f->kind == RECORD_WORD)
        return memcpy(&u32, at, sizeof u32), u32;
    memcpy(&u8, at, sizeof u8);
    return f->kind == RECORD_I8 ? (int8_t)u8 : u8;
}

static void put(const record_field *f, void *row, int64_t value)
{
    char *at = (char *)row + f->offset;
    uint8_t u8 = (uint8_t)value;
    uint16_t u16 = (uint16_t)value;
    uint32_t u32 = (uint32_t)value;
    if (f->kind == RECORD_U16)
        memcpy(at, &u16, sizeof u16);
    else if (f->kind == RECORD_U32 || f->kind == RECORD_WORD)
        memcpy(at, &u32, sizeof u32);
    else
        memcpy(at, &u8, sizeof u8);
}

void record_print(const record_field *fields, const void *row, FILE *out)
{
    for (const record_field *f = fields; f->key; f++) {
        fprintf(out, " %s=", f->key);
        if (f->kind == RECORD_REAL) {
            double v;
            memcpy(&v, (const char *)row + f->offset, sizeof v);
            fprintf(out, "%.17g", v);
        } else if (f->kind == RECORD_WORD) {
            fputs(f->words[fetch(f, row)], out);
        } else {
            fprintf(out, "%lld", (long long)fetch(f, row));
        }
    }
}

bool record_store(const record_field *field, void *row, int64_t value)
{
    const record_shape *s = &shapes[field->kind];
    if (value < s->least || value > s->most)
        return false;
    put(field, row, value);
    return true;
}

void record_store_real(const record_field *field, void *row, double value)
{
    memcpy((char *)row + field->offset, &value, sizeof value);
}

bool record_store_word(const record_field *field, void *row, const char *word, size_t length)
{
    for (int i = 0; i < field->word_count; i++) {
        if (strlen(field->words[i]) == length && memcmp(field->words[i], word, length) == 0) {
            put(field, row, i);
            return true;
        }
    }
    return false;
}

bool asm_register(const char *name, char letter, int64_t *number)
{
    size_t n = strlen(name);
    if (name[0] != letter || n < 2 || n > 10 || strspn(name + 1, "0123456789") != n - 1)
        return false;
    *number = strtol(name + 1, NULL, 10);
    return true;
}

bool asm_name_reserved(const char *name)
{
    static const char *const words[] = {"keep", "host", "nearest", "stochastic"};
    int64_t number;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(name, words[i]) == 0)
            return true;
    if (asm_register(name, 's', &number) || asm_register(name, 'v', &number))
        return true;
    return name[0] == 'm' && isdigit((unsigned char)name[1]);
}

bool asm_name_plain(const char *name)
{
    if (!isalpha((unsigned char)name[0]) && name[0] != '_' && name[0] != '$')
        return false;
    for (const char *c = name; *c; c++)
        if ((unsigned char)*c >= 0x80 || (!isalnum((unsigned char)*c) && !strchr("_$.", *c)))
            return false;
    return !asm_name_reserved(name);
}

void asm_print_quoted(const char *text, FILE *out)
{
    fputc('"', out);
    for (const char *c = text; *c; c++) {
        if (*c == '"' || *c == '\\')
            fprintf(out, "\\%c", *c);
        else if (*c == '\n')
            fputs("\\n", out);
        else if ((unsigned char)*c < 0x20)
            fprintf(out, "\\x%02x", (unsigned)(unsigned char)*c);
        else
            fputc(*c, out);
    }
    fputc('"', out);
}
