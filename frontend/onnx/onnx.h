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

/* An input that becomes a constant: its value is the TensorProto of a file. */
typedef struct onnx_constant {
    const char *name, *path; /* path: for messages */
    const void *bytes;
    size_t length;
} onnx_constant;

typedef struct onnx_options {
    const char *dims; /* sizes of symbolic dimensions, "NAME=N,NAME=N", or NULL */
    const onnx_constant *constants;
    size_t constant_count;
} onnx_options;

/*
 * path: for messages. False with an error in d if a file is damaged, or if a node cannot be
 * expressed: then one error names all of them. All bytes must outlive the result.
 */
bool onnx_import(arena *memory, diag *d, const char *path, const void *bytes, size_t length,
                 const onnx_options *options, onnx_imported *out);

#endif
