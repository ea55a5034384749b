#include "frontend/onnx/model.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * protobuf-c recurses without limit and lets two bytes of input cost two hundred of memory. So the
 * nesting is measured before it sees the bytes, and its memory comes from a budget.
 */
enum { NESTING = 32, MEMORY_FACTOR = 64, MEMORY_BASE = 16 << 20 };
static const size_t LENGTH_LIMIT = (size_t)1 << 31; /* of protobuf itself */

typedef struct wire {
    const uint8_t *at, *end;
} wire;

static bool read_varint(wire *w, uint64_t *out)
{
    *out = 0;
    for (int shift = 0; shift < 70 && w->at < w->end; shift += 7) {
        uint8_t byte = *w->at++;
        *out |= shift < 64 ? (uint64_t)(byte & 127) << shift : 0;
        if (!(byte & 128))
            return true;
    }
    return false;
}

static bool skip(wire *w, uint64_t bytes)
{
    if (bytes > (uint64_t)(w->end - w->at))
        return false;
    w->at += bytes;
    return true;
}

static const ProtobufCMessageDescriptor *message_of(const ProtobufCMessageDescriptor *d,
                                                    uint64_t tag)
{
    uint64_t number = tag >> 3;
    const ProtobufCFieldDescriptor *f =
        number <= UINT32_MAX
            ? protobuf_c_message_descriptor_get_field(d, (unsigned)number)
            : NULL;
    return f && f->type == PROTOBUF_C_TYPE_MESSAGE ? f->descriptor : NULL;
}

/* Whether the bytes are fields of d all the way down, and not nested too deeply. */
static bool scan(const ProtobufCMessageDescriptor *d, wire w, int depth)
{
    enum { VARINT, EIGHT, LENGTH, GROUP, GROUP_END, FOUR };
    if (depth > NESTING)
        return false;
    while (w.at < w.end) {
        uint64_t tag, length;
        if (!read_varint(&w, &tag))
            return false;
        switch (tag & 7) {
        case VARINT:
            if (!read_varint(&w, &length))
                return false;
            break;
        case EIGHT:
        case FOUR:
            if (!skip(&w, (tag & 7) == FOUR ? 4 : 8))
                return false;
            break;
        case LENGTH: {
            const ProtobufCMessageDescriptor *inner = message_of(d, tag);
            wire part = {0};
            if (!read_varint(&w, &length) || !(part.at = w.at, skip(&w, length)))
                return false;
            part.end = w.at;
            if (inner && !scan(inner, part, depth + 1))
                return false;
            break;
        }
        default:
            return false;
        }
    }
    return true;
}

typedef struct budget {
    arena *memory;
    size_t left;
} budget;

static void *take(void *context, size_t size)
{
    budget *b = context;
    if (size > b->left)
        return NULL;
    b->left -= size;
    return arena_alloc(b->memory, size + 1);
}

static void keep(void *context, void *pointer)
{
    (void)context; /* the arena's end frees it */
    (void)pointer;
}

static const ProtobufCMessage *unpack(arena *memory, const ProtobufCMessageDescriptor *d,
                                      const void *bytes, size_t length, const char **error)
{
    wire all = {bytes, (const uint8_t *)bytes + length};
    *error = "it is not an ONNX model, or it is damaged";
    if (length == 0 || length > LENGTH_LIMIT || !scan(d, all, 0))
        return NULL;
    budget *b = ARENA_NEW(memory, budget);
    *b = (budget){memory, length * MEMORY_FACTOR + MEMORY_BASE};
    ProtobufCAllocator allocator = {take, keep, b};
    return protobuf_c_message_unpack(d, &allocator, length, bytes);
}

const Onnx__ModelProto *model_unpack(arena *memory, const void *bytes, size_t length,
                                     const char **error)
{
    return (const Onnx__ModelProto *)unpack(memory, &onnx__model_proto__descriptor, bytes, length,
                                            error);
}

const Onnx__TensorProto *model_unpack_tensor(arena *memory, const void *bytes, size_t length,
                                             const char **error)
{
    return (const Onnx__TensorProto *)unpack(memory, &onnx__tensor_proto__descriptor, bytes, length,
                                             error);
}
