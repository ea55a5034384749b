#include "emulator/host/safetensors.h"

#include "isa/support/file.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

static const size_t FILE_LIMIT = (size_t)1 << 36, HEADER_LIMIT = (size_t)100 << 20;

static const struct {
    const char *name;
    size_t size;
} types[] = {[TENSOR_F32] = {"F32", 4}, [TENSOR_F64] = {"F64", 8}, [TENSOR_I16] = {"I16", 2}};

/* Other element types of the format: their tensors are skipped over, not refused. */
static const struct {
    const char *name;
    size_t size;
} other_types[] = {{"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"U16", 2}, {"F16", 2},
                   {"BF16", 2}, {"I32", 4}, {"U32", 4}, {"I64", 8}, {"U64", 8}};

safetensors *safetensors_new(arena *memory)
{
    safetensors *file = ARENA_NEW(memory, safetensors);
    file->memory = memory;
    file->path = "";
    return file;
}

void safetensors_add(safetensors *file, const char *name, tensor_type type, const size_t *shape,
                     size_t rank, const void *bytes)
{
    named_tensor t = {.name = name, .type = type, .rank = rank, .count = 1, .bytes = bytes};
    for (size_t i = 0; i < rank; i++) {
        t.shape[i] = shape[i];
        t.count *= shape[i];
    }
    ARENA_PUSH(file->memory, file->tensors, file->count, file->capacity, t);
}

void safetensors_note(safetensors *file, const char *name, const char *text)
{
    named_text n = {name, text};
    ARENA_PUSH(file->memory, file->metadata, file->metadata_count, file->metadata_capacity, n);
}

const named_tensor *safetensors_find(const safetensors *file, const char *name)
{
    for (size_t i = 0; i < file->count; i++)
        if (strcmp(file->tensors[i].name, name) == 0)
            return &file->tensors[i];
    return NULL;
}

const char *safetensors_text(const safetensors *file, const char *name)
{
    for (size_t i = 0; i < file->metadata_count; i++)
        if (strcmp(file->metadata[i].name, name) == 0)
            return file->metadata[i].text;
    return NULL;
}

double safetensors_value(const named_tensor *t, size_t i)
{
    const char *at = (const char *)t->bytes + i * types[t->type].size;
    float f32;
    double f64;
    int16_t i16;
    switch (t->type) {
    case TENSOR_F32:
        memcpy(&f32, at, sizeof f32);
        return (double)f32;
    case TENSOR_F64:
        memcpy(&f64, at, sizeof f64);
        return f64;
    default:
        memcpy(&i16, at, sizeof i16);
        return i16;
    }
}

/* ---- reading ---- */

typedef struct reader {
    safetensors *file;
    diag *d;
    const char *data; /* behind the header */
    size_t data_bytes;
} reader;

static bool refuse(reader *r, const char *name, const char *text)
{
    diag_file_error(r->d, r->file->path, "tensor '%.80s': %s", name, text);
    return false;
}

static bool read_size(const cJSON *item, size_t *out)
{
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0 && item->valuedouble <= 0x1p53) ||
        item->valuedouble != floor(item->valuedouble))
        return false;
    *out = (size_t)item->valuedouble;
    return true;
}

static bool read_type(const cJSON *item, named_tensor *t, size_t *size)
{
    if (!cJSON_IsString(item))
        return false;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].name, item->valuestring) == 0) {
            t->type = (tensor_type)i;
            *size = types[i].size;
            return true;
        }
    for (size_t i = 0; i < sizeof other_types / sizeof *other_types; i++)
        if (strcmp(other_types[i].name, item->valuestring) == 0) {
            t->type = TENSOR_OTHER;
            *size = other_types[i].size;
            return true;
        }
    return false;
}

static bool read_tensor(reader *r, const cJSON *item)
{
    named_tensor t = {.name = arena_strdup(r->file->memory, item->string), .count = 1};
    size_t size = 0, begin = 0, end = 0, need;
    if (!read_type(cJSON_GetObjectItemCaseSensitive(item, "dtype"), &t, &size))
        return refuse(r, t.name, "its dtype is missing or unknown");
    const cJSON *shape = cJSON_GetObjectItemCaseSensitive(item, "shape"), *dim;
    if (!cJSON_IsArray(shape))
        return refuse(r, t.name, "its shape is missing");
    cJSON_ArrayForEach(dim, shape)
    {
        if (t.rank == SAFETENSORS_RANK_MAX || !read_size(dim, &t.shape[t.rank]) ||
            __builtin_mul_overflow(t.count, t.shape[t.rank], &t.count))
            return refuse(r, t.name, "its shape is not a list of sizes");
        t.rank++;
    }
    const cJSON *range = cJSON_GetObjectItemCaseSensitive(item, "data_offsets");
    if (cJSON_GetArraySize(range) != 2 || !read_size(cJSON_GetArrayItem(range, 0), &begin) ||
        !read_size(cJSON_GetArrayItem(range, 1), &end) || begin > end || end > r->data_bytes)
        return refuse(r, t.name, "its bytes lie outside the file");
    if (__builtin_mul_overflow(t.count, size, &need) || need != end - begin)
        return refuse(r, t.name, "its shape does not match its number of bytes");
    t.bytes = r->data + begin;
    ARENA_PUSH(r->file->memory, r->file->tensors, r->file->count, r->file->capacity, t);
    return true;
}

static bool read_metadata(reader *r, const cJSON *list)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, list)
    {
        if (!item->string || !cJSON_IsString(item)) {
            diag_file_error(r->d, r->file->path, "its metadata holds something that is no text");
            return false;
        }
        safetensors_note(r->file, arena_strdup(r->file->memory, item->string),
                         arena_strdup(r->file->memory, item->valuestring));
    }
    return true;
}

static bool read_header(reader *r, const cJSON *json)
{
    const cJSON *item;
    if (!cJSON_IsObject(json)) {
        diag_file_error(r->d, r->file->path, "its header is not a JSON object");
        return false;
    }
    cJSON_ArrayForEach(item, json)
    {
        bool good = strcmp(item->string, "__metadata__") == 0 ? read_metadata(r, item)
                                                              : read_tensor(r, item);
        if (!good)
            return false;
    }
    return true;
}

safetensors *safetensors_read(arena *memory, diag *d, const char *path)
{
    size_t length = 0;
    const char *error = NULL;
    const char *bytes = file_read(memory, path, FILE_LIMIT, &length, &error);
    if (!bytes) {
        diag_file_error(d, path, "%s", error);
        return NULL;
    }
    uint64_t header = 0;
    for (size_t i = 0; i < 8 && length >= 8; i++)
        header |= (uint64_t)(uint8_t)bytes[i] << (8 * i);
    if (length < 8 || header > length - 8 || header > HEADER_LIMIT) {
        diag_file_error(d, path, "it is not a safetensors file, or it ends too early");
        return NULL;
    }
    safetensors *file = safetensors_new(memory);
    file->path = arena_strdup(memory, path);
    reader r = {file, d, bytes + 8 + header, length - 8 - (size_t)header};
    cJSON *json = cJSON_ParseWithLength(bytes + 8, (size_t)header);
    bool good = read_header(&r, json);
    cJSON_Delete(json);
    return good ? file : NULL;
}

/* ---- writing ---- */

static cJSON *describe(const named_tensor *t, size_t *offset)
{
    cJSON *item = cJSON_CreateObject(), *shape = cJSON_CreateArray(), *range = cJSON_CreateArray();
    cJSON_AddStringToObject(item, "dtype", types[t->type].name);
    for (size_t i = 0; i < t->rank; i++)
        cJSON_AddItemToArray(shape, cJSON_CreateNumber((double)t->shape[i]));
    cJSON_AddItemToObject(item, "shape", shape);
    cJSON_AddItemToArray(range, cJSON_CreateNumber((double)*offset));
    *offset += t->count * types[t->type].size;
    cJSON_AddItemToArray(range, cJSON_CreateNumber((double)*offset));
    cJSON_AddItemToObject(item, "data_offsets", range);
    return item;
}

static char *header_text(const safetensors *file)
{
    cJSON *json = cJSON_CreateObject(), *metadata = cJSON_AddObjectToObject(json, "__metadata__");
    for (size_t i = 0; i < file->metadata_count; i++)
        cJSON_AddStringToObject(metadata, file->metadata[i].name, file->metadata[i].text);
    size_t offset = 0;
    for (size_t i = 0; i < file->count; i++)
        cJSON_AddItemToObject(json, file->tensors[i].name, describe(&file->tensors[i], &offset));
    char *text = cJSON_PrintUnformatted(json);
    cJSON_Delete(json);
    return text;
}

const char *safetensors_write(const safetensors *file, const char *path)
{
    file_writer w;
    const char *error = file_write_begin(file->memory, &w, path);
    if (error)
        return error;
    char *header = header_text(file);
    size_t length = strlen(header), padded = (length + 7) / 8 * 8; /* tensors start aligned */
    for (size_t i = 0; i < 8; i++)
        putc((int)((uint64_t)padded >> (8 * i) & 255), w.stream);
    fwrite(header, 1, length, w.stream);
    for (size_t i = length; i < padded; i++)
        putc(' ', w.stream);
    for (size_t i = 0; i < file->count; i++)
        fwrite(file->tensors[i].bytes, types[file->tensors[i].type].size, file->tensors[i].count,
               w.stream);
    cJSON_free(header);
    return file_write_commit(file->memory, &w);
}
