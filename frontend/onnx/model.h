/* The file as protobuf messages, safe against hostile input. */
#ifndef PANTHER_FRONTEND_ONNX_MODEL_H
#define PANTHER_FRONTEND_ONNX_MODEL_H

#include "isa/support/arena.h"

#include <onnx.pb-c.h>
#include <stddef.h>

/*
 * NULL if the bytes are no model; *error is then a sentence. The messages live in the arena and
 * take at most a fixed multiple of the file's size; nesting is limited.
 */
const Onnx__ModelProto *model_unpack(arena *memory, const void *bytes, size_t length,
                                     const char **error);

/* A single tensor (the .pb files beside test models), with the same limits. */
const Onnx__TensorProto *model_unpack_tensor(arena *memory, const void *bytes, size_t length,
                                             const char **error);

#endif
