#include "isa/machine.h"

#include "isa/machine_schema.h"

#include <stdlib.h>
#include <string.h>

/* The shortest decimal that reads back as the same double. */
static void print_real(FILE *out, double v)
{
    char text[40];
    for (int precision = 6; precision <= 17; precision++) {
        snprintf(text, sizeof text, "%.*g", precision, v);
        if (strtod(text, NULL) == v)
            break;
    }
    fputs(text, out);
}

static void print_text(FILE *out, const char *text)
{
    fputc('"', out);
    for (const char *c = text; *c; c++) {
        if (*c == '"' || *c == '\\')
            fprintf(out, "\\%c", *c);
        else if ((unsigned char)*c < 0x20)
            fprintf(out, "\\x%02X", (unsigned)*c);
        else
            fputc(*c, out);
    }
    fputc('"', out);
}

static void print_group(const machine *m, const char *group, const char *indent, FILE *out)
{
    for (size_t i = 0; i < machine_number_count; i++) {
        const machine_number *n = &machine_numbers[i];
        if (strcmp(n->group, group) != 0)
            continue;
        fprintf(out, "%s%s: ", indent, n->key);
        if (n->real)
            print_real(out, machine_number_value(m, n));
        else
            fprintf(out, "%.0f", machine_number_value(m, n));
        fputc('\n', out);
    }
}

static void print_slices(const slicing *s, FILE *out)
{
    arena *scratch = arena_new();
    fprintf(out, "  slices: \"%s\"\n", slicing_text(scratch, s));
    arena_free(scratch);
}

static void print_lists(const machine *m, FILE *out)
{
    fprintf(out, "times:\n");
    for (int i = 0; i < TIME_CLASS_COUNT; i++) {
        fprintf(out, "  - {class: %s, fixed: ", time_class_names[i]);
        print_real(out, m->time[i].fixed);
        fprintf(out, ", words_per_cycle: ");
        print_real(out, m->time[i].words_per_cycle);
        fprintf(out, ", source: ");
        print_text(out, m->time[i].source ? m->time[i].source : "-");
        fprintf(out, "}\n");
    }
    fprintf(out, "energies:\n");
    for (int i = 0; i < ENERGY_COUNT; i++) {
        fprintf(out, "  - {component: %s, pj: ", energy_component_names[i]);
        print_real(out, m->energy[i].pj);
        fprintf(out, ", source: ");
        print_text(out, m->energy[i].source ? m->energy[i].source : "-");
        fprintf(out, "}\n");
    }
}

void machine_print(const machine *m, FILE *out)
{
    fprintf(out, "name: ");
    print_text(out, m->name);
    fprintf(out, "\nhierarchy:\n");
    print_group(m, "hierarchy", "  ", out);
    fprintf(out, "  operand_log: %s\n", m->operand_log_unlimited ? "unlimited" : "memory");
    fprintf(out, "crossbar:\n");
    print_slices(&m->slices, out);
    print_group(m, "crossbar", "  ", out);
    fprintf(out, "  mcu_issue: %s\n", mcu_issue_names[m->issue]);
    fprintf(out, "  fidelity: %s\n", fidelity_names[m->fidelity]);
    fprintf(out, "  opa_mode: %s\n", opa_mode_names[m->opa_mode]);
    fprintf(out, "  update_rounding:\n");
    print_group(m, "update_rounding", "    ", out);
    fprintf(out, "    mode: %s\n", rounding_names[m->rounding.mode]);
    fprintf(out, "operations:\n");
    fprintf(out, "  products: %s\n", matrix_unit_names[m->units.products]);
    fprintf(out, "  updates: %s\n", matrix_unit_names[m->units.updates]);
    fprintf(out, "  rewrite: %s\n", rewrite_order_names[m->units.rewrite]);
    fprintf(out, "formats:\n");
    print_group(m, "formats", "  ", out);
    fprintf(out, "timing:\n");
    print_group(m, "timing", "  ", out);
    print_lists(m, out);
    fprintf(out, "leakage:\n");
    print_group(m, "leakage", "  ", out);
    device_print(&m->device, out);
}
