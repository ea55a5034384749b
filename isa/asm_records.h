/*
 * The directives that fill a row of the image's tables with key=value pairs. The assembler reads
 * and the disassembler prints them from one description. Private to isa/asm*.c and isa/disasm*.c.
 */
#ifndef PANTHER_ISA_ASM_RECORDS_H
#define PANTHER_ISA_ASM_RECORDS_H

#include "isa/image.h"

typedef enum record_kind {
    RECORD_U8,
    RECORD_U16,
    RECORD_U32,
    RECORD_I8,
    RECORD_FLAG,
    RECORD_REAL,
    RECORD_WORD /* an enum, written as one of words */
} record_kind;

typedef struct record_field {
    const char *key; /* NULL ends the list */
    size_t offset;
    record_kind kind;
    const char *const *words;
    int word_count;
} record_field;

extern const record_field record_opa[];    /* of image */
extern const record_field record_matrix[]; /* of image_matrix */
extern const record_field record_block[];
extern const record_field record_tensor[];
extern const record_field record_entry[];
extern const record_field record_port[];
extern const record_field record_packet[];
extern const record_field record_preset[]; /* the runs of image_preset */

/* " key=value key=value ..." */
void record_print(const record_field *fields, const void *row, FILE *out);

/* False if the field cannot hold the value. RECORD_REAL and RECORD_WORD are not for these. */
bool record_store(const record_field *field, void *row, int64_t value);
void record_store_real(const record_field *field, void *row, double value);
bool record_store_word(const record_field *field, void *row, const char *word, size_t length);

/* Names that can be written without quotes; not those of registers and reserved words. */
bool asm_name_plain(const char *name);
bool asm_name_reserved(const char *name);

/* Whether name is letter and decimal digits (s12, v3, m0), and the number (at most 9 digits). */
bool asm_register(const char *name, char letter, int64_t *number);

void asm_print_quoted(const char *text, FILE *out);

#endif
