/* panther plan, several networks on one chip: regions, rounds, and what each level gains. */
#include "frontend/cli/plan_cli.h"
#include "passes/plan/check.h"
#include "passes/plan/tenant.h"

#include <string.h>

enum { STEP = 32, ROUNDS_DRAWN = 200, WRITE_COSTS = 4, SUMMARY = 8 };

/* The plans that are compared; the first one is the paper's baseline. */
typedef enum summary_id {
    BASE,
    CLASSIC_REGIONS,
    OPERATORS,
    JOINT,
    DYNAMIC,
    EXACT,
    WINDOWS,
    WINDOWS_REGIONS
} summary_id;

static const struct {
    tenant_method_id method;
    const char *meaning;
} summary_rows[SUMMARY] = {
    [BASE] = {TENANT_CLASSIC, "copies by Eq. 2, tenant after tenant: the paper's baseline"},
    [CLASSIC_REGIONS] = {TENANT_CLASSIC, "the same in regions that move"},
    [OPERATORS] = {TENANT_GRID, "operator level: split and duplicate, tenant after tenant"},
    [JOINT] = {TENANT_GRID, "joint: the same in regions that move"},
    [DYNAMIC] = {TENANT_DYNAMIC, "best groups of operators, tenant after tenant"},
    [EXACT] = {TENANT_DYNAMIC, "the same in the best regions"},
    [WINDOWS] = {TENANT_WINDOWS, "best groups of operators that wait for windows"},
    [WINDOWS_REGIONS] = {TENANT_WINDOWS, "the same in regions that move"},
};

typedef struct sharer {
    plan_request *r;
    tenant_chip *chip;
    const tenant **tenants;
    int count;
    tenant_plan *all[SUMMARY];
    int64_t simulated[SUMMARY]; /* with windows */
    int chosen, second;         /* second: -1 if there is none */
    double bound;
} sharer;

static void run_all(const sharer *s, const tenant_chip *chip, tenant_plan *all[SUMMARY])
{
    arena *memory = s->r->c->memory;
    for (int i = 0; i < SUMMARY; i++) {
        tenant_method_id m = summary_rows[i].method;
        if (i == EXACT)
            all[i] = tenant_share_exact(memory, chip, s->tenants, s->count, m);
        else if (i == CLASSIC_REGIONS || i == JOINT || i == WINDOWS_REGIONS)
            all[i] = tenant_share_moving(memory, chip, s->tenants, s->count, m, STEP);
        else
            all[i] = tenant_share_temporal(memory, chip, s->tenants, s->count, m);
    }
}

/*
 * The fewest simulated cycles; of the method NAME for tenants_NAME, of all for tenants, but not
 * `than`. -1: there is none.
 */
static int best_of(const sharer *s, const char *name, int than)
{
    const char *method = strchr(name, '_');
    int best = -1;
    for (int i = 0; i < SUMMARY; i++)
        if (s->all[i] && i != than &&
            (!method || strcmp(tenant_methods[summary_rows[i].method].name, method + 1) == 0) &&
            (best < 0 || s->simulated[i] < s->simulated[best]))
            best = i;
    return best;
}

static double speed(const sharer *s, int i)
{
    return s->all[i] ? (double)s->all[BASE]->cycles / (double)s->all[i]->cycles : 0;
}

static double simulated_speed(const sharer *s, int i)
{
    return (double)s->simulated[BASE] / (double)s->simulated[i];
}

/* The paper's joint optimisation keeps the better of sharing the chip in space and in time. */
static double joint_speed(tenant_plan *const all[SUMMARY])
{
    return (double)all[BASE]->cycles / (double)tenant_better(all[JOINT], all[OPERATORS])->cycles;
}

static double best_speed(tenant_plan *const all[SUMMARY])
{
    return (double)all[BASE]->cycles / (double)tenant_better(all[EXACT], all[DYNAMIC])->cycles;
}

/* Energy by Eq. 1's two brackets per output position; 0: the chip does not state its power. */
static double energy_mj(const sharer *s)
{
    const plan_chip *c = s->r->chip;
    if (!(c->tile_mw > 0) || !(c->cycle_ns > 0))
        return 0;
    tenant_energy_model m = {1, (1 + c->input_bits) + (6 + c->input_bits),
                             c->tile_mw / (double)(c->pes * c->crossbars), c->cycle_ns};
    double mj = 0;
    for (int i = 0; i < s->count; i++)
        mj += tenant_energy_mj(&m, s->tenants[i]);
    return mj;
}

/* ---- what writing costs ---- */

typedef struct write_cost {
    int64_t cycles;
    int64_t base;
    double joint, best;
} write_cost;

static write_cost at_cost(const sharer *s, int64_t cycles)
{
    tenant_chip chip = *s->chip;
    tenant_plan *all[SUMMARY];
    chip.write_cycles = cycles;
    run_all(s, &chip, all);
    return (write_cost){cycles, all[BASE]->cycles, joint_speed(all), best_speed(all)};
}

static int write_costs(const sharer *s, write_cost costs[WRITE_COSTS])
{
    const int64_t stated[WRITE_COSTS] = {1 + s->chip->input_bits, 128, 1024, s->chip->write_cycles};
    bool own = stated[3] != stated[0] && stated[3] != 128 && stated[3] != 1024;
    int count = own ? WRITE_COSTS : WRITE_COSTS - 1;
    for (int i = 0; i < count; i++)
        costs[i] = at_cost(s, stated[i]);
    return count;
}

/* ---- text ---- */

static void print_regions(const sharer *s)
{
    const tenant_plan *p = s->all[s->chosen];
    printf("\n%-16s %9s %9s %8s %10s %10s   %s\n", "tenant", "from", "arrays", "rounds", "start",
           "cycles", p->method == TENANT_GRID ? "alpha, beta" : "");
    for (int i = 0; i < p->count; i++) {
        const tenant_region *r = &p->regions[i];
        printf("%-16s %9lld %9lld %8d %10lld %10lld", p->tenants[i]->name, (long long)r->first,
               (long long)r->arrays, r->rounds, (long long)r->start, (long long)r->cycles);
        if (p->method == TENANT_GRID && r->choice.beta == INT64_MAX)
            printf("   %g, none", r->choice.alpha);
        else if (p->method == TENANT_GRID)
            printf("   %g, %lld", r->choice.alpha, (long long)r->choice.beta);
        putchar('\n');
    }
}

static void print_summary(const sharer *s)
{
    printf("\n%10s %9s %9s %12s %9s\n", "cycles", "speed", "of bound", "with windows", "speed");
    for (int i = 0; i < SUMMARY; i++)
        if (s->all[i])
            printf("%10lld %8.2fx %8.1f%% %12lld %8.2fx  %s\n", (long long)s->all[i]->cycles,
                   speed(s, i), 100 * s->bound / (double)s->all[i]->cycles,
                   (long long)s->simulated[i], simulated_speed(s, i), summary_rows[i].meaning);
    double joint = joint_speed(s->all);
    printf("tenant level x operator level = joint: %.3f x %.2f = %.2f\n",
           joint / speed(s, OPERATORS), speed(s, OPERATORS), joint);
}

static void print_costs(const sharer *s)
{
    write_cost costs[WRITE_COSTS];
    int count = write_costs(s, costs);
    printf("\nif writing a round of weights takes\n");
    for (int i = 0; i < count; i++)
        printf("%10lld cycles: joint %.2fx, best groups %.2fx of %lld cycles%s\n",
               (long long)costs[i].cycles, costs[i].joint, costs[i].best, (long long)costs[i].base,
               costs[i].cycles == s->chip->write_cycles ? " (as above)" : "");
}

static void print_plan(const sharer *s)
{
    const tenant_plan *p = s->all[s->chosen];
    double mj = energy_mj(s);
    printf("%d networks on %s: %s, %s sharing of %lld arrays (%lld x %lld weights)\n", s->count,
           s->r->chip->name, tenant_methods[p->method].help, tenant_sharing_names[p->sharing],
           (long long)s->chip->arrays, (long long)s->chip->rows, (long long)s->chip->columns);
    print_regions(s);
    printf("\n%lld cycles until the last tenant is done, %lld if operators wait for windows;\n"
           "no plan on these arrays is below %.0f\n",
           (long long)p->cycles, (long long)s->simulated[s->chosen], s->bound);
    if (s->second >= 0)
        printf("runner-up: %s, %s sharing, %lld cycles with windows\n",
               tenant_methods[summary_rows[s->second].method].name,
               tenant_sharing_names[s->all[s->second]->sharing],
               (long long)s->simulated[s->second]);
    print_summary(s);
    print_costs(s);
    if (mj > 0)
        printf("\n%.2f mJ per image of each network, the same for every plan (busy arrays)\n", mj);
}

static void explain(const sharer *s)
{
    printf("\nwhy\n");
    for (int i = 0; i < s->count; i++) {
        const tenant_region *r = &s->all[s->chosen]->regions[i];
        double alone = tenant_bound(s->chip, &s->tenants[i], 1) * (double)s->chip->arrays /
                       (double)r->arrays;
        printf("  %-16s %.1f %% of its region's time is work; writing takes %.1f %%\n",
               s->tenants[i]->name, 100 * alone / (double)r->cycles,
               100 * (double)(r->rounds * s->chip->write_cycles) / (double)r->cycles);
    }
}

/* ---- JSON ---- */

static void json_plans(const sharer *s)
{
    cJSON *all = cJSON_AddArrayToObject(s->r->json, "plans");
    for (int i = 0; i < SUMMARY; i++) {
        if (!s->all[i])
            continue;
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "method", tenant_methods[summary_rows[i].method].name);
        cJSON_AddStringToObject(o, "sharing", tenant_sharing_names[s->all[i]->sharing]);
        plan_json_number(o, "cycles", (double)s->all[i]->cycles);
        plan_json_number(o, "speed", speed(s, i));
        plan_json_number(o, "simulated_cycles", (double)s->simulated[i]);
        plan_json_number(o, "simulated_speed", simulated_speed(s, i));
        cJSON_AddItemToArray(all, o);
    }
}

static void json_costs(const sharer *s)
{
    write_cost costs[WRITE_COSTS];
    int count = write_costs(s, costs);
    cJSON *all = cJSON_AddArrayToObject(s->r->json, "write_costs");
    for (int i = 0; i < count; i++) {
        cJSON *o = cJSON_CreateObject();
        plan_json_number(o, "write_cycles", (double)costs[i].cycles);
        plan_json_number(o, "base_cycles", (double)costs[i].base);
        plan_json_number(o, "joint", costs[i].joint);
        plan_json_number(o, "best", costs[i].best);
        cJSON_AddItemToArray(all, o);
    }
}

static void json_regions(const sharer *s)
{
    cJSON *all = cJSON_AddArrayToObject(s->r->json, "tenants");
    for (int i = 0; i < s->count; i++) {
        const tenant_region *r = &s->all[s->chosen]->regions[i];
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "name", s->tenants[i]->name);
        plan_json_number(o, "first", (double)r->first);
        plan_json_number(o, "arrays", (double)r->arrays);
        plan_json_number(o, "rounds", r->rounds);
        plan_json_number(o, "start", (double)r->start);
        plan_json_number(o, "cycles", (double)r->cycles);
        cJSON_AddItemToArray(all, o);
    }
}

static void json_plan(const sharer *s)
{
    cJSON *o = s->r->json;
    const tenant_plan *p = s->all[s->chosen];
    cJSON_AddStringToObject(o, "machine", s->r->chip->name);
    cJSON_AddStringToObject(o, "method", tenant_methods[p->method].name);
    cJSON_AddStringToObject(o, "sharing", tenant_sharing_names[p->sharing]);
    plan_json_number(o, "cycles", (double)p->cycles);
    plan_json_number(o, "simulated_cycles", (double)s->simulated[s->chosen]);
    plan_json_number(o, "bound", s->bound);
    plan_json_number(o, "joint_speed", joint_speed(s->all));
    plan_json_number(o, "operator_speed", speed(s, OPERATORS));
    plan_json_number(o, "tenant_speed", joint_speed(s->all) / speed(s, OPERATORS));
    plan_json_number(o, "best_speed", best_speed(s->all));
    plan_json_number(o, "energy_mj", energy_mj(s));
    json_regions(s);
    json_plans(s);
    json_costs(s);
}

/* ---- the command ---- */

static const char *check(const sharer *s)
{
    arena *memory = s->r->c->memory;
    for (int i = 0; i < SUMMARY; i++) {
        const char *error = s->all[i] ? tenant_check(memory, s->all[i]) : NULL;
        if (error)
            return error;
    }
    return plan_check(memory,
                      tenant_places(memory, s->all[s->chosen], s->r->chip, s->r->networks));
}

typedef struct drawing {
    const sharer *s;
    plan_bar *bars;
    size_t count, capacity;
} drawing;

static void add_bar(drawing *d, const char *name, const char *note, int64_t start, int64_t cycles)
{
    plan_bar bar = {name, note, start + 1, start + cycles, 0};
    ARENA_PUSH(d->s->r->c->memory, d->bars, d->count, d->capacity, bar);
}

static void add_rounds(drawing *d, int tenant_index)
{
    arena *memory = d->s->r->c->memory;
    const tenant *t = d->s->tenants[tenant_index];
    const tenant_region *r = &d->s->all[d->s->chosen]->regions[tenant_index];
    const tenant_part *parts = r->program.parts;
    int64_t at = r->start;
    for (size_t from = 0, to; from < r->program.count; from = to) {
        for (to = from; to < r->program.count && parts[to].round == parts[from].round; to++)
            ;
        tenant_rounds one = {.parts = &r->program.parts[from], .count = to - from, .rounds = 1};
        int64_t cycles = tenant_cycles(d->s->chip, t, &one);
        add_bar(d, arena_printf(memory, "%s round %d", t->name, parts[from].round + 1),
                arena_printf(memory, "%zu parts, %lld cycles", one.count, (long long)cycles), at,
                cycles);
        at += cycles;
    }
}

/* Rounds as bars, or tenants only if there are many. */
static exit_status draw(const sharer *s)
{
    arena *memory = s->r->c->memory;
    const tenant_plan *p = s->all[s->chosen];
    drawing d = {.s = s};
    int32_t rounds = 0;
    for (int i = 0; i < s->count; i++)
        rounds += p->regions[i].rounds;
    for (int i = 0; i < s->count; i++) {
        const tenant_region *r = &p->regions[i];
        add_bar(&d, s->tenants[i]->name,
                arena_printf(memory, "%lld arrays, %d rounds", (long long)r->arrays, r->rounds),
                r->start, r->cycles);
        if (rounds <= ROUNDS_DRAWN)
            add_rounds(&d, i);
    }
    const char *title = arena_printf(memory, "%d networks on %s, %s sharing", s->count,
                                     s->r->chip->name, tenant_sharing_names[p->sharing]);
    return plan_svg_write(s->r->c, s->r->c->values[OPTION_SVG], title, d.bars, d.count)
               ? EXIT_DONE
               : EXIT_INPUT;
}

static bool prepare(sharer *s, exit_status *status)
{
    plan_request *r = s->r;
    arena *memory = r->c->memory;
    const char *error = NULL;
    *status = EXIT_INPUT;
    s->chip = tenant_chip_of(memory, r->chip, &error);
    s->tenants = ARENA_ARRAY(memory, const tenant *, r->count);
    for (; !error && s->count < (int)r->count; s->count++)
        s->tenants[s->count] = tenant_of(memory, r->networks[s->count], s->chip, 1, &error);
    if (error) {
        plan_refuse(r, "%s", error);
        return false;
    }
    *status = EXIT_USAGE;
    return options_whole(r->c, OPTION_CROSSBARS, 1, s->chip->arrays, s->chip->arrays,
                         &s->chip->arrays);
}

exit_status plan_tenants_run(plan_request *r)
{
    sharer s = {.r = r};
    exit_status status;
    if (!prepare(&s, &status))
        return status;
    run_all(&s, s.chip, s.all);
    for (int i = 0; i < SUMMARY; i++)
        s.simulated[i] = s.all[i] ? tenant_simulate(s.all[i], r->networks) : 0;
    s.bound = tenant_bound(s.chip, s.tenants, s.count);
    s.chosen = best_of(&s, r->method, -1);
    s.second = best_of(&s, "tenants", s.chosen);
    const char *error = check(&s);
    if (error) {
        plan_refuse(r, "the plan fails its check: %s", error);
        return EXIT_INTERNAL;
    }
    if (r->json)
        json_plan(&s);
    else
        print_plan(&s);
    if (!r->json && r->explain)
        explain(&s);
    return r->c->given[OPTION_SVG] ? draw(&s) : EXIT_DONE;
}
