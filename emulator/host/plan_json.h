/* Checked access to a JSON text of unknown origin: every getter names the place it complains about. */
#ifndef PANTHER_EMULATOR_HOST_PLAN_JSON_H
#define PANTHER_EMULATOR_HOST_PLAN_JSON_H

#include "isa/support/arena.h"
#include "isa/support/diag.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

/* An object of the text and where it stands ("train[0].every[1]"). */
typedef struct json_place {
    struct json_reader *reader;
    const cJSON *at;
    const char *where;
} json_place;

typedef struct json_reader {
    arena *memory;
    diag *d;
    const char *path; /* of the file, for messages */
    const char *what; /* "host plan" */
    bool good;        /* false after the first error */
} json_reader;

void json_complain(json_place p, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The member; at is NULL if it is missing or null. */
json_place json_member(json_place object, const char *key);
json_place json_element(json_place list, size_t index, const cJSON *item);

/* Values are copied to the arena; `otherwise` stands for a missing member. */
const char *json_text(json_place object, const char *key, const char *otherwise);
double json_number(json_place object, const char *key, double otherwise);
int64_t json_whole(json_place object, const char *key, int64_t low, int64_t high,
                   int64_t otherwise);
bool json_truth(json_place object, const char *key, bool otherwise);

/* Index of the text in names (-1 and an error if it is none of them). */
int json_choice(json_place object, const char *key, const char *const *names, size_t count,
                int otherwise);

/* Length of a list (0 if missing; an error if it is something else). */
size_t json_length(json_place object, const char *key, json_place *list);

/* Lists of numbers and texts; NULL with *count 0 if missing. */
double *json_numbers(json_place object, const char *key, size_t *count);
const char **json_texts(json_place object, const char *key, size_t *count);

#define JSON_EACH(item, list)                                                                      \
    for (const cJSON *item = (list).at ? (list).at->child : NULL; item; item = item->next)

#endif
