#include "isa/machine_schema.h"

#include <stddef.h>

const char *const mcu_issue_names[2] = {"blocking", "overlapped"};
const char *const matrix_unit_names[3] = {"crossbar", "digital", "mvm"};
const char *const rewrite_order_names[2] = {"sequential", "pipelined"};
const char *const rounding_names[3] = {"nearest", "stochastic", "off"};

const char *const time_class_names[TIME_CLASS_COUNT] = {
#define TIME_CLASS(name, meaning) #name,
#include "isa/costs.def"
#undef TIME_CLASS
};

const char *const energy_component_names[ENERGY_COUNT] = {
#define ENERGY(name, unit, meaning) #name,
#include "isa/costs.def"
#undef ENERGY
};

static const cyaml_strval_t opa_mode_words[] = {
    {"stream", OPA_STREAM}, {"digit", OPA_DIGIT}, {"batch", OPA_BATCH}, {"ideal", OPA_IDEAL}};
static const cyaml_strval_t fidelity_words[] = {
    {"ideal", FIDELITY_IDEAL}, {"adc", FIDELITY_ADC}, {"device", FIDELITY_DEVICE}};
static const cyaml_strval_t issue_words[] = {{"blocking", ISSUE_BLOCKING},
                                             {"overlapped", ISSUE_OVERLAPPED}};
static const cyaml_strval_t product_words[] = {{"crossbar", UNIT_CROSSBAR},
                                               {"digital", UNIT_DIGITAL}};
static const cyaml_strval_t update_words[] = {
    {"crossbar", UNIT_CROSSBAR}, {"digital", UNIT_DIGITAL}, {"mvm", UNIT_MVM}};
static const cyaml_strval_t rewrite_words[] = {{"sequential", REWRITE_SEQUENTIAL},
                                               {"pipelined", REWRITE_PIPELINED}};
static const cyaml_strval_t rounding_words[] = {
    {"nearest", ROUND_NEAREST}, {"stochastic", ROUND_STOCHASTIC}, {"off", ROUND_OFF}};
static const cyaml_strval_t operand_log_words[] = {{"memory", false}, {"unlimited", true}};

enum { TEXT_MAX = 1000, LIST_MAX = 1000 };

/* The fields of one group; all numbers of a group live in the machine itself. */
#define NUMBER(key_, member_, type_, ctype_)                                                       \
    {.key = #key_,                                                                                 \
     .data_offset = offsetof(machine_file, m.member_),                                             \
     .value = {.type = type_, .flags = CYAML_FLAG_DEFAULT, .data_size = sizeof(ctype_)}},
#define INT_FIELD(key_, member_, least, most, use) NUMBER(key_, member_, CYAML_INT, int)
#define REAL_FIELD(key_, member_, least, most) NUMBER(key_, member_, CYAML_FLOAT, double)
#define WORD_FIELD(key_, member_, words_)                                                          \
    {.key = key_,                                                                                  \
     .data_offset = offsetof(machine_file, m.member_),                                             \
     .value = {.type = CYAML_ENUM,                                                                 \
               .flags = CYAML_FLAG_STRICT,                                                         \
               .data_size = sizeof(((machine_file *)NULL)->m.member_),                             \
               .enumeration = {.strings = words_,                                                  \
                               .count = sizeof words_ / sizeof words_[0]}}}
#define GROUP(key_, fields_) FLAGGED_GROUP(key_, fields_, CYAML_FLAG_DEFAULT)
#define FLAGGED_GROUP(key_, fields_, flags_)                                                       \
    {.key = key_,                                                                                  \
     .data_offset = 0,                                                                             \
     .value = {.type = CYAML_MAPPING,                                                              \
               .flags = flags_,                                                                    \
               .data_size = sizeof(machine_file),                                                  \
               .mapping = {.fields = fields_}}}

static const cyaml_schema_field_t hierarchy_fields[] = {
#define HIERARCHY_INT INT_FIELD
#include "isa/machine.def"
    WORD_FIELD("operand_log", operand_log_unlimited, operand_log_words),
    CYAML_FIELD_END};

static const cyaml_schema_field_t rounding_fields[] = {
#define ROUNDING_INT INT_FIELD
#include "isa/machine.def"
    WORD_FIELD("mode", rounding.mode, rounding_words),
    CYAML_FIELD_END};

static const cyaml_schema_field_t crossbar_fields[] = {
#define CROSSBAR_INT INT_FIELD
#define CROSSBAR_REAL REAL_FIELD
#include "isa/machine.def"
    CYAML_FIELD_STRING_PTR("slices", CYAML_FLAG_POINTER, machine_file, slices, 1, 64),
    WORD_FIELD("mcu_issue", issue, issue_words),
    WORD_FIELD("fidelity", fidelity, fidelity_words),
    WORD_FIELD("opa_mode", opa_mode, opa_mode_words),
    GROUP("update_rounding", rounding_fields),
    CYAML_FIELD_END};

static const cyaml_schema_field_t operations_fields[] = {
    WORD_FIELD("products", units.products, product_words),
    WORD_FIELD("updates", units.updates, update_words),
    WORD_FIELD("rewrite", units.rewrite, rewrite_words),
    CYAML_FIELD_END};

static const cyaml_schema_field_t formats_fields[] = {
#define FORMATS_INT INT_FIELD
#include "isa/machine.def"
    CYAML_FIELD_END};

static const cyaml_schema_field_t timing_fields[] = {
#define TIMING_INT INT_FIELD
#define TIMING_REAL REAL_FIELD
#include "isa/machine.def"
    CYAML_FIELD_END};

static const cyaml_schema_field_t leakage_fields[] = {
#define LEAKAGE_REAL REAL_FIELD
#include "isa/machine.def"
    CYAML_FIELD_END};

/* Texts, because every knob may be the word off; device.c reads them. */
static const cyaml_schema_field_t device_fields[] = {
    CYAML_FIELD_STRING_PTR("preset", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, machine_file,
                           device_preset, 1, TEXT_MAX),
#define DEVICE(name_, kind, least, most, unit, meaning)                                            \
    CYAML_FIELD_STRING_PTR(#name_, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, machine_file,         \
                           device_knobs[DEVICE_##name_], 1, TEXT_MAX),
#include "isa/device.def"
#undef DEVICE
    CYAML_FIELD_END};

static const cyaml_schema_field_t time_fields[] = {
    CYAML_FIELD_STRING_PTR("class", CYAML_FLAG_POINTER, time_entry, class, 1, TEXT_MAX),
    CYAML_FIELD_FLOAT("fixed", CYAML_FLAG_DEFAULT, time_entry, fixed),
    CYAML_FIELD_FLOAT("words_per_cycle", CYAML_FLAG_DEFAULT, time_entry, words_per_cycle),
    CYAML_FIELD_STRING_PTR("source", CYAML_FLAG_POINTER, time_entry, source, 1, TEXT_MAX),
    CYAML_FIELD_END};
static const cyaml_schema_value_t time_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, time_entry, time_fields)};

static const cyaml_schema_field_t energy_fields[] = {
    CYAML_FIELD_STRING_PTR("component", CYAML_FLAG_POINTER, energy_entry, component, 1, TEXT_MAX),
    CYAML_FIELD_FLOAT("pj", CYAML_FLAG_DEFAULT, energy_entry, pj),
    CYAML_FIELD_STRING_PTR("source", CYAML_FLAG_POINTER, energy_entry, source, 1, TEXT_MAX),
    CYAML_FIELD_END};
static const cyaml_schema_value_t energy_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, energy_entry, energy_fields)};

static const cyaml_schema_field_t file_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, machine_file, name, 1, TEXT_MAX),
    GROUP("hierarchy", hierarchy_fields),
    GROUP("crossbar", crossbar_fields),
    FLAGGED_GROUP("operations", operations_fields, CYAML_FLAG_OPTIONAL),
    GROUP("formats", formats_fields),
    GROUP("timing", timing_fields),
    CYAML_FIELD_SEQUENCE_COUNT("times", CYAML_FLAG_POINTER, machine_file, times, time_count,
                               &time_schema, 0, LIST_MAX),
    CYAML_FIELD_SEQUENCE_COUNT("energies", CYAML_FLAG_POINTER, machine_file, energies,
                               energy_count, &energy_schema, 0, LIST_MAX),
    GROUP("leakage", leakage_fields),
    FLAGGED_GROUP("device", device_fields, CYAML_FLAG_OPTIONAL),
    CYAML_FIELD_END};

const cyaml_schema_value_t machine_file_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, machine_file, file_fields)};

#define INT_ROW(group_, key_, member_, least_, most_, use_)                                        \
    {group_, #key_, offsetof(machine, member_), false, least_, most_, use_},
#define REAL_ROW(group_, key_, member_, least_, most_)                                             \
    {group_, #key_, offsetof(machine, member_), true, least_, most_, RUN},

const machine_number machine_numbers[] = {
#define HIERARCHY_INT(...) INT_ROW("hierarchy", __VA_ARGS__)
#define CROSSBAR_INT(...) INT_ROW("crossbar", __VA_ARGS__)
#define CROSSBAR_REAL(...) REAL_ROW("crossbar", __VA_ARGS__)
#define ROUNDING_INT(...) INT_ROW("update_rounding", __VA_ARGS__)
#define FORMATS_INT(...) INT_ROW("formats", __VA_ARGS__)
#define TIMING_INT(...) INT_ROW("timing", __VA_ARGS__)
#define TIMING_REAL(...) REAL_ROW("timing", __VA_ARGS__)
#define LEAKAGE_REAL(...) REAL_ROW("leakage", __VA_ARGS__)
#include "isa/machine.def"
};
const size_t machine_number_count = sizeof machine_numbers / sizeof machine_numbers[0];

double machine_number_value(const machine *m, const machine_number *n)
{
    const char *at = (const char *)m + n->offset;
    return n->real ? *(const double *)(const void *)at : (double)*(const int *)(const void *)at;
}
