#include "isa/machine.h"

#include "isa/machine_schema.h"

#include <math.h>
#include <string.h>

enum { PLACE_VALUE_BITS = 56 }; /* most bits that the slices of a weight may span */

static const char digits[] = "0123456789abcdef";

const char *slicing_parse(slicing *s, const char *text)
{
    size_t n = strlen(text);
    if (n < 2 || n > SLICES_MAX)
        return "a slicing has 2 to 16 digits, one per slice from most to least significant";
    for (size_t i = 0; i < n; i++) {
        const char *digit = text[i] ? strchr(digits, text[i]) : NULL;
        int bits = digit ? (int)(digit - digits) : 0;
        if (bits < 2 || bits > 12)
            return "a slice has 2 to 12 bits (digits 2 to 9, a, b, c)";
        s->bits[n - 1 - i] = bits;
    }
    for (size_t i = n; i < SLICES_MAX; i++)
        s->bits[i] = 0;
    s->slices = (int)n;
    return NULL;
}

const char *slicing_text(arena *memory, const slicing *s)
{
    char *text = arena_alloc(memory, (size_t)s->slices + 1);
    for (int i = 0; i < s->slices; i++)
        text[s->slices - 1 - i] = digits[s->bits[i] & 15];
    return text;
}

double machine_price(const machine *m, energy_component c)
{
    enum { ADC_BITS = 8 }; /* of the converter that `adc` is given for */
    if (c != ENERGY_adc)
        return m->energy[c].pj;
    double sum = 0;
    for (int i = 0; i < m->slices.slices; i++)
        sum += pow(m->adc_growth, m->slices.bits[i] + m->slices.adc_extra_bits - ADC_BITS);
    return m->energy[c].pj * sum / m->slices.slices;
}

bool machine_needs(const machine *m, energy_component c)
{
    if (c == ENERGY_digital_product)
        return m->units.products == UNIT_DIGITAL;
    return c != ENERGY_digital_update || m->units.updates != UNIT_CROSSBAR;
}

static const char *check_numbers(arena *memory, const machine *m)
{
    for (size_t i = 0; i < machine_number_count; i++) {
        const machine_number *n = &machine_numbers[i];
        double v = machine_number_value(m, n);
        if (!(v >= n->least && v <= n->most))
            return arena_printf(memory, "'%s.%s' lies between %.10g and %.10g, not %.10g", n->group,
                                n->key, n->least, n->most, v);
    }
    return NULL;
}

static const char *check_words(arena *memory, const machine *m)
{
    if ((unsigned)m->issue > ISSUE_OVERLAPPED || (unsigned)m->fidelity >= FIDELITIES ||
        (unsigned)m->opa_mode >= OPA_MODES || (unsigned)m->rounding.mode > ROUND_OFF)
        return arena_strdup(memory, "'mcu_issue', 'fidelity', 'opa_mode' or the mode of "
                                    "'update_rounding' has no such value");
    return NULL;
}

static const char *check_slices(arena *memory, const slicing *s)
{
    if (s->slices < 2 || s->slices > SLICES_MAX)
        return arena_printf(memory, "there are 2 to %d slices, not %d", SLICES_MAX,
                            s->slices);
    if (s->slices * s->radix_bits > PLACE_VALUE_BITS)
        return arena_printf(memory, "%d slices of radix 2^%d span %d bits; at most %d are possible",
                            s->slices, s->radix_bits, s->slices * s->radix_bits, PLACE_VALUE_BITS);
    for (int i = 0; i < s->slices; i++)
        if (s->bits[i] < 2 || s->bits[i] > 12)
            return arena_printf(memory, "a slice has 2 to 12 bits, not %d", s->bits[i]);
    return NULL;
}

static const char *check_costs(arena *memory, const machine *m)
{
    for (int i = 0; i < TIME_CLASS_COUNT; i++) {
        const machine_time *t = &m->time[i];
        if (!(t->fixed >= 0 && t->fixed <= 1e9))
            return arena_printf(memory, "time class '%s': 'fixed' lies between 0 and 1e9 cycles",
                                time_class_names[i]);
        if (t->words_per_cycle != 0 && !(t->words_per_cycle >= 1e-3 && t->words_per_cycle <= 1e9))
            return arena_printf(memory,
                                "time class '%s': 'words_per_cycle' is 0 (the width does not "
                                "matter) or lies between 0.001 and 1e9",
                                time_class_names[i]);
    }
    for (int i = 0; i < ENERGY_COUNT; i++)
        if (!(m->energy[i].pj >= 0 && m->energy[i].pj <= 1e12))
            return arena_printf(memory, "energy component '%s': 'pj' lies between 0 and 1e12",
                                energy_component_names[i]);
    return NULL;
}

/*
 * The largest sum that digits within their slices can give, all inputs at their largest. (In opa_mode
 * ideal the top digit outgrows its slice; there the weights alone are held to 63 bits.)
 */
static const char *check_sums(arena *memory, const machine *m)
{
    const slicing *s = &m->slices;
    int side = s->rows > s->columns ? s->rows : s->columns, top = s->slices - 1;
    double most = 0;
    for (int k = 0; k < s->slices; k++)
        most += ldexp(1, s->bits[k] - 1 + s->radix_bits * k);
    most *= ldexp(side, SLICED_INPUT_BITS);
    if (m->opa_mode == OPA_IDEAL && s->radix_bits * top + 15 > 62)
        most = ldexp(1, 63);
    if (most < ldexp(1, 63))
        return NULL;
    return arena_printf(memory,
                        "not supported: %d slices of radix 2^%d on %d lines, because sums of products "
                        "might need more than 63 bits",
                        s->slices, s->radix_bits, side);
}

/* Units beside the crossbars, or instead of them, add exactly what they are given. */
static const char *check_units(arena *memory, const machine *m)
{
    const matrix_units *u = &m->units;
    if ((unsigned)u->products > UNIT_DIGITAL || (unsigned)u->updates > UNIT_MVM ||
        (unsigned)u->rewrite > REWRITE_PIPELINED)
        return arena_strdup(memory, "'operations' has no such value");
    if (u->products == UNIT_DIGITAL && u->updates != UNIT_DIGITAL)
        return arena_strdup(memory, "'operations.updates' is digital where 'products' is, because "
                                    "there are no crossbars then");
    if (u->products == UNIT_DIGITAL && m->fidelity != FIDELITY_IDEAL)
        return arena_strdup(memory, "'fidelity' is ideal where 'operations.products' is digital");
    if (u->updates != UNIT_CROSSBAR && m->opa_mode != OPA_IDEAL)
        return arena_printf(memory, "'opa_mode' is ideal where 'operations.updates' is %s",
                            matrix_unit_names[u->updates]);
    if (u->updates != UNIT_CROSSBAR && m->variant == 3)
        return arena_printf(memory, "not supported: variant 3 with 'operations.updates' %s, "
                                    "because its third crossbar takes outer products",
                            matrix_unit_names[u->updates]);
    return NULL;
}

static const char *check_together(arena *memory, const machine *m)
{
    if (m->q_weight < m->q_activation)
        return arena_printf(memory,
                            "'formats.weight' (%d) is at least 'formats.activation' (%d): their "
                            "difference is the format of an update's column operand",
                            m->q_weight, m->q_activation);
    if (m->fidelity == FIDELITY_DEVICE && m->opa_mode == OPA_IDEAL && device_disturbs(&m->device))
        return arena_strdup(memory, "not supported: opa_mode ideal with device knobs, because its "
                                    "digits outgrow every cell; use stream, digit or batch");
    if (m->nodes * m->tiles > 65535)
        return arena_printf(memory, "%d nodes of %d tiles are more than 65535 tiles", m->nodes,
                            m->tiles);
    return NULL;
}

const char *machine_check(arena *memory, const machine *m)
{
    const char *error = check_numbers(memory, m);
    if (!error)
        error = check_words(memory, m);
    if (!error)
        error = check_slices(memory, &m->slices);
    if (!error)
        error = check_costs(memory, m);
    if (!error)
        error = device_check(memory, &m->device);
    if (!error)
        error = check_sums(memory, m);
    if (!error)
        error = check_units(memory, m);
    return error ? error : check_together(memory, m);
}

const char *machine_fingerprint(arena *memory, const machine *m)
{
    const char *text = "";
    for (size_t i = 0; i < machine_number_count; i++) {
        const machine_number *n = &machine_numbers[i];
        if (n->use == COMPILED)
            text = arena_printf(memory, "%s%s=%.0f\n", text, n->key, machine_number_value(m, n));
    }
    return arena_printf(memory, "%soperand_log=%s\n", text,
                        m->operand_log_unlimited ? "unlimited" : "memory");
}
