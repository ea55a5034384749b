/*
 * The safetensors format: 8 bytes of header length (little endian), a JSON header that names dtype,
 * shape and byte range of each tensor, then the bytes. Only what the project needs: F32, F64 and I16,
 * and texts under "__metadata__". Files come from anywhere: everything is checked.
 */
#ifndef PANTHER_EMULATOR_HOST_SAFETENSORS_H
#define PANTHER_EMULATOR_HOST_SAFETENSORS_H

#include "isa/support/arena.h"
#include "isa/support/diag.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SAFETENSORS_RANK_MAX = 8 };

typedef enum tensor_type { TENSOR_F32, TENSOR_F64, TENSOR_I16, TENSOR_OTHER } tensor_type;

typedef struct named_tensor {
    const char *name;
    tensor_type type;
    size_t rank, shape[SAFETENSORS_RANK_MAX];
    size_t count; /* product of shape */
    const void *bytes;
} named_tensor;

typedef struct named_text {
    const char *name, *text;
} named_text;

typedef struct safetensors {
    arena *memory;
    const char *path; /* for messages */
    named_tensor *tensors;
    size_t count, capacity;
    named_text *metadata;
    size_t metadata_count, metadata_capacity;
} safetensors;

safetensors *safetensors_new(arena *memory);

/* bytes are referred to, not copied; shape has rank elements. */
void safetensors_add(safetensors *file, const char *name, tensor_type type, const size_t *shape,
                     size_t rank, const void *bytes);
void safetensors_note(safetensors *file, const char *name, const char *text);

const named_tensor *safetensors_find(const safetensors *file, const char *name); /* or NULL */
const char *safetensors_text(const safetensors *file, const char *name);         /* or NULL */

/* Element i as a number (F32, F64, I16). */
double safetensors_value(const named_tensor *t, size_t i);

/* NULL with an error in d if the file cannot be read or is damaged. */
safetensors *safetensors_read(arena *memory, diag *d, const char *path);

/* Complete or not at all (file.h). NULL if all is well, else a sentence. */
const char *safetensors_write(const safetensors *file, const char *path);

#endif
