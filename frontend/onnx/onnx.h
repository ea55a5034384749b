/*
 * ONNX in: a model file becomes a program of the language (one network) and its weights under the
 * names that the program's paths give them. README.md says what is supported and how it is mapped.
 */
#ifndef PANTHER_FRONTEND_ONNX_ONNX_H
#define PANTHER_FRONTEND_ONNX_ONNX_H

#include "emulator/host/safetensors.h"
#include "isa/support/arena.h"
#include "isa/support/diag.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct onnx_imported {
    const char *text;    /* of the program */
    const char *network; /* its name there */
    safetensors *weights;
    size_t layers, parameters; /* with weights; elements of all tensors */
} onnx_imported;

/*
 * path: for messages. dims: sizes of symbolic dimensions, "NAME=N,NAME=N", or NULL. False with an
 * error in d if the file is damaged, or if a node cannot be expressed: then one error names all of
 * them. The bytes must outlive the result.
 */
bool onnx_import(arena *memory, diag *d, const char *path, const void *bytes, size_t length,
                 const char *dims, onnx_imported *out);

#endif
