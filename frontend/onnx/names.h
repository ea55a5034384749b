/* Names: a map from strings, and what a program may call its values and layers. */
#ifndef PANTHER_FRONTEND_ONNX_NAMES_H
#define PANTHER_FRONTEND_ONNX_NAMES_H

#include "isa/support/arena.h"

#include <stddef.h>
#include <stdint.h>

/* Open addressing; keys are referred to. All zero is an empty map. */
typedef struct name_map {
    struct name_slot {
        const char *key;
        size_t value;
    } *slots;
    size_t count, capacity;
} name_map;

size_t *name_find(const name_map *map, const char *key); /* NULL if it is not there */
/* The value of a key, 0 if it is new. */
size_t *name_put(arena *memory, name_map *map, const char *key);

/* An identifier of the language that is not in the map yet, made of an ONNX name. */
const char *name_identifier(arena *memory, name_map *used, const char *name, const char *otherwise);

/* A path of a layer, likewise: letters, digits, '_' and, from '.' and '/', dots. */
const char *name_path(arena *memory, name_map *used, const char *name, const char *otherwise);

#endif
