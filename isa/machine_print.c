#include "isa/machine.h"

#include "isa/machine_schema.h"
#include "isa/yaml_file.h"

#include <stdlib.h>
#include <string.h>

static void print_group(const machine *m, const char *group, const char *indent, FILE *out)
{
    for (size_t i = 0; i < machine_number_count; i++) {
        const machine_number *n = &machine_numbers[i];
        if (strcmp(n->group, group) != 0)
            continue;
        fprintf(out, "%s%s: ", indent, n->key);
        if (n->real)
            yaml_print_real(out, machine_number_value(m, n));
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
        yaml_print_real(out, m->time[i].fixed);
        fprintf(out, ", words_per_cycle: ");
        yaml_print_real(out, m->time[i].words_per_cycle);
        fprintf(out, ", source: ");
        yaml_print_text(out, m->time[i].source ? m->time[i].source : "-");
        fprintf(out, "}\n");
    }
    fprintf(out, "energies:\n");
    for (int i = 0; i < ENERGY_COUNT; i++) {
        fprintf(out, "  - {component: %s, pj: ", energy_component_names[i]);
        yaml_print_real(out, m->energy[i].pj);
        fprintf(out, ", source: ");
        yaml_print_text(out, m->energy[i].source ? m->energy[i].source : "-");
        fprintf(out, "}\n");
    }
}

void machine_print(const machine *m, FILE *out)
{
    fprintf(out, "name: ");
    yaml_print_text(out, m->name);
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
