/* panther plan, FP and BP on tiles (HUBPA): replicas, the schedule, the others beside it. */
#include "frontend/cli/plan_cli.h"
#include "passes/plan/check.h"
#include "passes/plan/hubpa.h"

#include <math.h>
#include <string.h>

enum { CHECK_WORK = 400000000, SCHEDULE_UNITS = 1 << 25 };

/* What one policy makes of the chip. */
typedef struct outcome {
    const hubpa_policy *policy;
    int32_t *replicas;
    hubpa_schedule *schedule;
    hubpa_figures figures;
} outcome;

typedef struct trainer {
    plan_request *r;
    const plan_network *n;
    hubpa_layer *layers;
    int count, pairs;
    int32_t tiles;
    bool ratio;
    hubpa_ratio found; /* of the chosen policy, by Eqs. 1-3 */
    outcome all[HUBPA_POLICIES];
    int chosen;
    double bound;      /* of the steps per pair on any replicas */
} trainer;

static bool exists(const outcome *o)
{
    return o->schedule != NULL;
}

/* ---- replicas and schedules ---- */

/* P_i of the paper: elements of the pooling behind each layer. */
static bool allocate_ratio(trainer *t, bool split, hubpa_ratio *found)
{
    int32_t *pooling = ARENA_ARRAY(t->r->c->memory, int32_t, (size_t)t->count);
    for (int i = 0; i < t->count; i++) {
        int64_t p = (int64_t)t->layers[i].pool.kernel[0] * t->layers[i].pool.kernel[1];
        pooling[i] = p > HUBPA_RATIO_TILES_MAX ? HUBPA_RATIO_TILES_MAX : (int32_t)p;
    }
    return hubpa_allocate_ratio(t->r->c->memory, pooling, t->count, t->tiles, split, found);
}

static bool allocate(trainer *t, int id)
{
    outcome *o = &t->all[id];
    hubpa_sharing sharing = o->policy->sharing;
    if (!t->ratio)
        return hubpa_allocate_balanced(t->layers, t->count, t->tiles, sharing, o->replicas) > 0;
    hubpa_ratio found;
    if (!allocate_ratio(t, sharing == HUBPA_SPLIT, &found))
        return false;
    memcpy(o->replicas, found.tiles, (size_t)t->count * sizeof *o->replicas);
    if (id == t->chosen)
        t->found = found;
    return true;
}

/* Steps per pair are those of the middle pairs; of all if there are too few. */
static void run_all(trainer *t)
{
    arena *memory = t->r->c->memory;
    int from = t->pairs < 10 ? 0 : t->pairs / 5, to = t->pairs < 10 ? 0 : t->pairs * 4 / 5;
    for (int i = 0; i < HUBPA_POLICIES; i++) {
        outcome *o = &t->all[i];
        o->policy = &hubpa_policies[i];
        o->replicas = ARENA_ARRAY(memory, int32_t, (size_t)t->count);
        if (!allocate(t, i))
            continue;
        o->schedule = hubpa_simulate(memory, o->policy, t->layers, o->replicas, t->count, t->pairs);
        o->figures = hubpa_measure(o->schedule, t->tiles, from, to);
    }
    int32_t *replicas = ARENA_ARRAY(memory, int32_t, (size_t)t->count);
    if (t->ratio)
        t->bound = hubpa_period_bound(t->layers, t->all[t->chosen].replicas, t->count);
    else if (hubpa_allocate_balanced(t->layers, t->count, t->tiles, HUBPA_SHARED_PAIR, replicas))
        t->bound = hubpa_period_bound(t->layers, replicas, t->count);
}

/* The next best of those that the paper lets compete; the chosen one never. */
static const outcome *runner_up(const trainer *t)
{
    const outcome *best = NULL;
    for (int i = 0; i < HUBPA_POLICIES; i++)
        if (i != t->chosen && exists(&t->all[i]) &&
            (!best || t->all[i].figures.period < best->figures.period))
            best = &t->all[i];
    return best;
}

static int64_t tiles_used(const trainer *t, const outcome *o)
{
    int64_t sum = 0;
    for (int i = 0; i < t->count; i++)
        sum += (int64_t)o->replicas[i] * t->layers[i].footprint;
    return sum;
}

/* First and last step of a propagation in one layer. */
static void span_of(const hubpa_schedule *s, int backward, int pair, int layer, int32_t span[2])
{
    const int32_t *steps = s->step[backward][pair * s->count + layer];
    span[0] = steps[0];
    span[1] = steps[hubpa_units(&s->layers[layer]) - 1];
}

/* ---- text ---- */

static void print_layers(const trainer *t, const outcome *o)
{
    int pair = t->pairs / 2;
    printf("\n%-24s %9s %8s %8s %8s   FP and BP of pair %d\n", "layer", "map", "tiles", "replicas",
           "steps", pair + 1);
    for (int i = 0; i < t->count; i++) {
        const hubpa_layer *l = &t->layers[i];
        char map[32];
        int32_t fp[2], bp[2];
        snprintf(map, sizeof map, "%dx%d", l->map[0], l->map[1]);
        span_of(o->schedule, 0, pair, i, fp);
        span_of(o->schedule, 1, pair, i, bp);
        printf("%-24s %9s %8lld %8d %8.1f   %d-%d, %d-%d\n", t->n->layers[i].name, map,
               (long long)l->footprint * o->replicas[i], o->replicas[i],
               2.0 * hubpa_units(l) / o->replicas[i], fp[0], fp[1], bp[0], bp[1]);
    }
}

static void print_others(const trainer *t, const outcome *o)
{
    printf("\n%-16s %12s %12s %12s %10s  of %d pairs\n", "schedule", "steps/pair", "all steps",
           "utilisation", "speed", t->pairs);
    for (int i = 0; i < HUBPA_POLICIES; i++) {
        const outcome *x = &t->all[i];
        if (exists(x))
            printf("%-16s %12.2f %12d %11.1f%% %9.2fx  %s\n", x->policy->name, x->figures.period,
                   x->schedule->steps, 100 * x->figures.utilisation,
                   o->figures.period / x->figures.period, x->policy->help);
        else
            printf("%-16s %12s %12s %12s %10s  does not fit: needs %lld tiles\n", x->policy->name,
                   "-", "-", "-", "-",
                   (long long)hubpa_tiles_least(t->layers, t->count, x->policy->sharing));
    }
}

static void print_plan(const trainer *t)
{
    const outcome *o = &t->all[t->chosen], *second = runner_up(t);
    printf("%s on %s: schedule %s, %lld of %d tiles\n", t->n->name, t->r->chip->name,
           o->policy->name, (long long)tiles_used(t, o), t->tiles);
    print_layers(t, o);
    print_others(t, o);
    printf("\none pair of FP and BP every %.2f steps, %.1f %% of all tiles busy\n",
           o->figures.period, 100 * o->figures.utilisation);
    printf("%s, no schedule has fewer than %.2f steps per pair\n",
           t->ratio ? "with these replicas" : "on these tiles, however allocated", t->bound);
    if (t->ratio)
        printf("ratios: f = %.4f, %lld of %lld allocations reach it, the next is %.4f higher\n",
               t->found.f, (long long)t->found.optima, (long long)t->found.feasible, t->found.gap);
    if (second)
        printf("runner-up: %s, %.2f steps per pair\n", second->policy->name,
               second->figures.period);
}

static void explain(const trainer *t)
{
    const outcome *o = &t->all[t->chosen];
    int slowest = 0;
    double most = 0;
    for (int i = 0; i < t->count; i++) {
        double load = 2.0 * hubpa_units(&t->layers[i]) / o->replicas[i];
        slowest = load > most ? i : slowest;
        most = load > most ? load : most;
    }
    printf("\nwhy\n  %s does the most per replica: %.1f steps of every pair; one replica more "
           "takes %d tiles,\n  and %lld are left\n",
           t->n->layers[slowest].name, most, t->layers[slowest].footprint,
           (long long)t->tiles - (long long)tiles_used(t, o));
    printf("  %.2f of %.2f steps per pair are waiting for data or for the other propagation\n",
           fmax(0, o->figures.period - most), o->figures.period);
}

/* ---- JSON ---- */

static cJSON *json_outcome(const trainer *t, const outcome *o)
{
    cJSON *to = cJSON_CreateObject();
    cJSON_AddStringToObject(to, "schedule", o->policy->name);
    plan_json_number(to, "least_tiles",
                     (double)hubpa_tiles_least(t->layers, t->count, o->policy->sharing));
    if (!exists(o))
        return to;
    plan_json_number(to, "steps_per_pair", o->figures.period);
    plan_json_number(to, "steps", o->schedule->steps);
    plan_json_number(to, "utilisation", o->figures.utilisation);
    plan_json_number(to, "utilisation_all", o->figures.whole);
    plan_json_number(to, "tiles", (double)tiles_used(t, o));
    cJSON_AddItemToObject(to, "replicas", cJSON_CreateIntArray(o->replicas, t->count));
    return to;
}

static void json_plan(const trainer *t)
{
    cJSON *o = t->r->json;
    cJSON_AddStringToObject(o, "network", t->n->name);
    cJSON_AddStringToObject(o, "machine", t->r->chip->name);
    plan_json_number(o, "tiles", t->tiles);
    plan_json_number(o, "pairs", t->pairs);
    plan_json_number(o, "bound", t->bound);
    if (t->ratio) {
        plan_json_number(o, "f", t->found.f);
        plan_json_number(o, "optima", (double)t->found.optima);
        plan_json_number(o, "allocations", (double)t->found.feasible);
        plan_json_number(o, "gap", isfinite(t->found.gap) ? t->found.gap : -1);
    }
    cJSON_AddItemToObject(o, "plan", json_outcome(t, &t->all[t->chosen]));
    cJSON *all = cJSON_AddArrayToObject(o, "schedules");
    for (int i = 0; i < HUBPA_POLICIES; i++)
        cJSON_AddItemToArray(all, json_outcome(t, &t->all[i]));
}

/* ---- the command ---- */

static exit_status draw(const trainer *t)
{
    cli *c = t->r->c;
    const outcome *o = &t->all[t->chosen];
    size_t count = 2 * (size_t)t->count;
    plan_bar *bars = ARENA_ARRAY(c->memory, plan_bar, count);
    int pair = t->pairs / 2;
    for (size_t k = 0; k < count; k++) {
        int backward = k >= (size_t)t->count;
        int i = backward ? 2 * t->count - 1 - (int)k : (int)k;
        int32_t span[2];
        span_of(o->schedule, backward, pair, i, span);
        int64_t busy = (hubpa_units(&t->layers[i]) + (int64_t)o->replicas[i] - 1) / o->replicas[i];
        int64_t length = span[1] - span[0] + 1;
        bars[k] = (plan_bar){arena_printf(c->memory, "%s %s", backward ? "BP" : "FP",
                                          t->n->layers[i].name),
                             arena_printf(c->memory, "%d replicas, steps %d to %d", o->replicas[i],
                                          span[0], span[1]),
                             span[0], span[1], length > busy ? length - busy : 0};
    }
    int64_t start = bars[0].first;
    for (size_t k = 0; k < count; k++)
        start = bars[k].first < start ? bars[k].first : start;
    for (size_t k = 0; k < count; k++) {
        bars[k].first -= start - 1;
        bars[k].last -= start - 1;
    }
    const char *title = arena_printf(c->memory, "%s on %s, schedule %s: pair %d from step %lld on",
                                     t->n->name, t->r->chip->name, o->policy->name, pair + 1,
                                     (long long)start);
    return plan_svg_write(c, c->values[OPTION_SVG], title, bars, count) ? EXIT_DONE : EXIT_INPUT;
}

static const char *check(const trainer *t)
{
    arena *memory = t->r->c->memory;
    const outcome *o = &t->all[t->chosen];
    double work = 0;
    for (int i = 0; i < t->count; i++)
        work += (double)hubpa_units(&t->layers[i]) * t->layers[i].conv.kernel[0] *
                t->layers[i].conv.kernel[1] * 8 * t->pairs;
    const char *error = plan_check(memory, hubpa_places(memory, &t->n, t->r->chip, t->layers,
                                                        o->replicas, o->policy->name));
    return error || work > CHECK_WORK ? error : hubpa_check(memory, o->schedule);
}

static exit_status too_small(const trainer *t)
{
    hubpa_sharing sharing = hubpa_policies[t->chosen].sharing;
    int64_t least = hubpa_tiles_least(t->layers, t->count, sharing);
    if (t->ratio)
        return plan_refuse(t->r,
                           "Eqs. 1-3 give every layer of '%s' a whole tile of at most %d, and %d "
                           "tiles cannot be divided like that",
                           t->n->name, HUBPA_RATIO_TILES_MAX, t->tiles);
    diag_error(t->r->c->d, SOURCE_NOWHERE,
               "network '%s' needs %lld tiles for one %s of each layer, but there are %d",
               t->n->name, (long long)least,
               sharing == HUBPA_SPLIT ? "FP and one BP replica" : "replica", t->tiles);
    diag_help(t->r->c->d, "the smallest machine '%s' that would do has %lld tiles instead of %d",
              t->r->chip->name, (long long)least, t->tiles);
    return EXIT_INPUT;
}

/* Every schedule keeps the step of every unit. */
static const char *check_size(const trainer *t)
{
    int64_t units = 0;
    for (int i = 0; i < t->count; i++)
        units += hubpa_units(&t->layers[i]);
    if (units <= SCHEDULE_UNITS / t->pairs)
        return NULL;
    return arena_printf(t->r->c->memory,
                        "%d pairs of '%s' are %lld units of work, more than %d are not simulated; "
                        "--pairs takes fewer",
                        t->pairs, t->n->name, (long long)(units * t->pairs), SCHEDULE_UNITS);
}

static bool prepare(trainer *t, exit_status *status)
{
    static const char *const rules[] = {"balanced", "ratio"};
    cli *c = t->r->c;
    plan_chip *chip = t->r->chip;
    int rule;
    int64_t pairs, tile = chip->pes * chip->crossbars / chip->slices, crossbars;
    const char *error = NULL;
    *status = EXIT_USAGE;
    if (!options_choice(c, OPTION_RULE, rules, 2, 0, &rule) ||
        !options_whole(c, OPTION_PAIRS, 1, 1000, 20, &pairs) ||
        !options_whole(c, OPTION_CROSSBARS, tile, chip->tiles * tile, chip->tiles * tile,
                       &crossbars))
        return false;
    *status = EXIT_INPUT;
    t->ratio = rule == 1;
    t->pairs = (int)pairs;
    t->n = plan_network_convs(c->memory, t->r->networks[0]);
    t->layers = hubpa_layers_of(c->memory, t->n, chip, &error);
    t->count = (int)t->n->count;
    t->tiles = (int32_t)(crossbars / tile);
    error = error ? error : check_size(t);
    if (!error)
        return true;
    plan_refuse(t->r, "%s", error);
    if (!t->layers)
        diag_help(c->d, "--view conv_chain takes the longest chain of convolutions");
    return false;
}

exit_status plan_hubpa_run(plan_request *r)
{
    trainer t = {.r = r};
    exit_status status;
    while (strcmp(hubpa_policies[t.chosen].name, r->method) != 0)
        t.chosen++;
    if (!prepare(&t, &status))
        return status;
    run_all(&t);
    if (!exists(&t.all[t.chosen]))
        return too_small(&t);
    const char *error = check(&t);
    if (error) {
        plan_refuse(r, "the plan fails its check: %s", error);
        return EXIT_INTERNAL;
    }
    if (r->json)
        json_plan(&t);
    else
        print_plan(&t);
    if (!r->json && r->explain)
        explain(&t);
    return r->c->given[OPTION_SVG] ? draw(&t) : EXIT_DONE;
}
