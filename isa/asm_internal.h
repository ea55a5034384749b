/*
 * The assembler between its grammar and the image. Private to isa/asm*.
 */
#ifndef PANTHER_ISA_ASM_INTERNAL_H
#define PANTHER_ISA_ASM_INTERNAL_H

#include "isa/asm_records.h"
#include "isa/image.h"

/* A number or a name of a sum such as x+16-1. */
typedef struct asm_term {
    source_range where;
    bool negative;
    const char *name; /* NULL: a number */
    int64_t number;
} asm_term;

typedef struct asm_sum {
    source_range where;
    asm_term *terms;
    size_t count, capacity;
} asm_sum;

typedef enum asm_operand_kind {
    OPERAND_SUM,    /* value */
    OPERAND_REPEAT, /* value * times */
    OPERAND_MEMORY, /* [value] */
    OPERAND_TEXT,
    OPERAND_REAL
} asm_operand_kind;

typedef struct asm_operand {
    asm_operand_kind kind;
    source_range where;
    const char *key; /* key=...; NULL for a positional operand */
    source_range key_where;
    asm_sum value, times;
    const char *text;
    double real;
} asm_operand;

typedef struct asm_operands {
    asm_operand *at;
    size_t count, capacity;
} asm_operands;

/* An instruction or (word starts with '.') a directive. */
typedef struct asm_statement {
    const char *word;
    source_range word_where, where;
    asm_operands operands;
} asm_statement;

typedef struct asm_symbol asm_symbol; /* a name in its scope, see asm_symbol.c */

/* A branch to a label; filled in when the program of its core or thread is complete. */
typedef struct asm_fixup {
    uint32_t insn;
    int field;
    const char *name;
    source_range where;
} asm_fixup;

typedef struct assembler {
    arena *memory;
    diag *d;
    const machine *m;
    uint32_t file;
    image *im;
    asm_symbol *symbols;
    /* Where the next statement belongs. The current entry, agent, matrix and port are the last of
     * their lists. */
    uint16_t node, tile;
    bool in_agent, port_is_output, has_port;
    source_range agent_where;
    source_range *insn_ranges; /* of the current agent; file 0: had an error */
    asm_fixup *fixups;
    size_t fixup_count;
    /* capacities of the lists that grow at their ends */
    size_t entries, agents, presets, buffers, inputs, outputs, packets, matrices, blocks, tensors,
        layers, insns, origins, ranges, labels, fixup_capacity;
} assembler;

/* What the scanner needs besides the text; its position in bytes. */
typedef struct asm_scanner {
    assembler *s;
    uint32_t offset;
} asm_scanner;

/* From the grammar. */
void asm_define_label(assembler *s, const char *name, source_range where);
void asm_statement_done(assembler *s, const asm_statement *statement);

/* Runs scanner and parser over the text. False if memory ran out in them. */
bool asm_scan(assembler *s, const char *text, size_t length);

/* asm_directive.c */
void asm_directive(assembler *s, const asm_statement *statement);

/* asm_operand.c: fills insn; false after an error (reported). */
bool asm_instruction(assembler *s, const asm_statement *statement, isa_insn *insn);

/* The value of a sum of numbers and symbols, or false after an error (reported). */
bool asm_value(assembler *s, const asm_sum *sum, int64_t *value);

/* asm.c */
image_entry *asm_entry(assembler *s); /* the current one; "main" if there is none yet */
image_agent *asm_agent(assembler *s);
void asm_finish_agent(assembler *s);

/* asm_symbol.c: names in scopes, all in one table. */
typedef enum asm_scope {
    SCOPE_GLOBAL,  /* .equ */
    SCOPE_PROGRAM, /* which cores and threads have a program */
    SCOPE_TILE,    /* buffers */
    SCOPE_AGENT    /* labels */
} asm_scope;

/* False if the name exists in that scope (then it counts as ambiguous there). */
bool asm_symbol_add(assembler *s, asm_scope scope, const char *name, int64_t value);
bool asm_symbol_find(const assembler *s, asm_scope scope, const char *name, int64_t *value,
                     bool *ambiguous);
/* The most similar name of a scope, or NULL. */
const char *asm_symbol_nearest(const assembler *s, asm_scope scope, const char *name);
void asm_symbols_free(assembler *s);

#endif
