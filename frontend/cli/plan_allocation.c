/* panther plan, crossbars to layers (allocation paper): methods, runner-up, bound, report. */
#include "frontend/cli/plan_cli.h"
#include "passes/plan/allocate.h"
#include "passes/plan/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { POLISH_MOVES = 3000, POLISH_WORK = 100000000, CHECK_WORK = 400000000, METHODS = 8 };

/* One method's allocation, in the simulator. */
typedef struct candidate {
    const char *method;
    allocation a;
    int64_t *replicas; /* of every layer */
    int64_t simulated;
    double us; /* simulated steps x the longest step; 0 without bandwidth */
} candidate;

typedef struct allocator {
    plan_request *r;
    const plan_network *n;
    allocate_task task;
    plan_bandwidth bandwidth;
    candidate all[METHODS];
    size_t count;
    int64_t bound;
    double bound_us;
} allocator;

/* ---- methods ---- */

static void add(allocator *w, const char *method, allocation a)
{
    arena *memory = w->task.memory;
    if (!a.found)
        return;
    candidate c = {.method = method, .a = a};
    c.replicas = ARENA_ARRAY(memory, int64_t, w->n->count + 1);
    steps_spread(w->task.chain, a.replicas, c.replicas);
    c.simulated = plan_simulate(memory, w->n, c.replicas, NULL, NULL);
    if (w->task.bandwidth)
        c.us = (double)c.simulated * plan_steps_us(w->task.chain, &w->bandwidth, a.replicas);
    w->all[w->count++] = c;
}

static allocation one_copy(const allocate_task *t)
{
    allocation a = {.replicas = ARENA_ARRAY(t->memory, int64_t, t->chain->count + 1)};
    for (size_t i = 0; i < t->chain->count; i++)
        a.replicas[i] = 1;
    allocate_measure(t, &a);
    return a;
}

static double value_of(const allocator *w, const candidate *c)
{
    return w->task.bandwidth ? c->us : (double)c->simulated;
}

/* The best in the simulator; of `method` only, or of all but `except`, where they are given. */
static candidate *best_of(allocator *w, const char *method, const candidate *except)
{
    candidate *best = NULL;
    for (size_t i = 0; i < w->count; i++) {
        candidate *c = &w->all[i];
        if ((method && strcmp(c->method, method) != 0) || c == except)
            continue;
        if (except && memcmp(c->replicas, except->replicas, w->n->count * sizeof *c->replicas) == 0)
            continue;
        if (!best || value_of(w, c) < value_of(w, best))
            best = c;
    }
    return best;
}

/* --copies: one number for each layer of the longest chain. */
static exit_status given_copies(allocator *w)
{
    const steps_chain *c = w->task.chain;
    const char *text = w->r->c->values[OPTION_COPIES];
    allocation a = {.replicas = ARENA_ARRAY(w->task.memory, int64_t, c->count + 1)};
    for (size_t i = 0; i < c->count; i++) {
        char *end;
        errno = 0;
        long long copies = text ? strtoll(text, &end, 10) : 0;
        if (!text || errno || end == text || *end != (i + 1 < c->count ? ',' : '\0') ||
            copies < 1 || copies > c->layers[i].positions) {
            cli_usage(w->r->c,
                      "--copies takes %zu numbers with commas, of layer %zu one from 1 to %lld",
                      c->count, i + 1, (long long)c->layers[i].positions);
            return EXIT_USAGE;
        }
        a.replicas[i] = copies;
        text = end + 1;
    }
    allocate_measure(&w->task, &a);
    add(w, "copies", a);
    return EXIT_DONE;
}

static bool is_rule(const char *method)
{
    static const char *const rules[] = {"one_copy", "equal", "stride", "proportional"};
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (strcmp(rules[i], method) == 0)
            return true;
    return false;
}

/* Single moves, as many as simulations take seconds. */
static allocation polished(const allocator *w, const candidate *start)
{
    int64_t operations = 1, most;
    for (size_t i = 0; i < w->n->count; i++)
        operations += steps_ceil(w->n->layers[i].positions, start->replicas[i]);
    most = POLISH_WORK / operations;
    return allocate_polish(&w->task, &start->a, most < POLISH_MOVES ? most : POLISH_MOVES);
}

static void run_all(allocator *w)
{
    const allocate_task *t = &w->task;
    add(w, "one_copy", one_copy(t));
    add(w, "equal", allocate_equal(t));
    add(w, "stride", allocate_stride(t));
    add(w, "proportional", allocate_proportional(t));
    if (is_rule(w->r->method)) /* the searches take seconds on large chips */
        return;
    allocation exact_fill, free_fill;
    if (allocate_dp_check(t)) {
        free_fill = best_of(w, NULL, NULL)->a;
    } else {
        allocate_dp_both(t, &exact_fill, &free_fill);
        add(w, "dp", exact_fill);
        add(w, "dp_free", free_fill);
    }
    certificate c = allocate_exact(t, &free_fill);
    w->bound = c.bound;
    w->bound_us = c.bound_us;
    add(w, "exact", c.best);
    if (strcmp(w->r->method, "best") == 0)
        add(w, "best", polished(w, best_of(w, NULL, NULL)));
}

/* ---- the report ---- */

static double layer_us(const allocator *w, const candidate *c, size_t j)
{
    return plan_step_us(w->task.chain, &w->bandwidth, j, c->a.replicas[j],
                        j ? c->a.replicas[j - 1] : 0);
}

static void print_layers(const allocator *w, const candidate *c, const int64_t *ends,
                         const int64_t *stalls)
{
    printf("\n%-24s %9s %7s %7s %9s %8s %7s %7s\n", "layer", "map", "kernel", "copies", "crossbars",
           "steps", "waits", "ends");
    for (size_t i = 0; i < w->n->count; i++) {
        const plan_layer *l = &w->n->layers[i];
        char map[32], kernel[32];
        snprintf(map, sizeof map, "%dx%d", l->out_map[0], l->out_map[1]);
        snprintf(kernel, sizeof kernel, "%dx%d", l->conv.kernel[0], l->conv.kernel[1]);
        printf("%-24s %9s %7s %7lld %9lld %8lld %7lld %7lld\n", l->name, map, kernel,
               (long long)c->replicas[i],
               (long long)(c->replicas[i] * plan_chip_set(w->r->chip, l, w->r->dense)),
               (long long)steps_ceil(l->positions, c->replicas[i]), (long long)stalls[i],
               (long long)ends[i]);
    }
}

/* Crossbars of all layers, those beside the chain with their own copies. */
static int64_t crossbars_of(const allocator *w, const candidate *c)
{
    int64_t sum = 0;
    for (size_t i = 0; i < w->n->count; i++)
        sum += c->replicas[i] * plan_chip_set(w->r->chip, &w->n->layers[i], w->r->dense);
    return sum;
}

static void explain(const allocator *w, const candidate *c, const candidate *second,
                    const int64_t *stalls)
{
    size_t busiest = 0, waits = 0;
    for (size_t i = 0; i < w->n->count; i++) {
        const plan_layer *l = w->n->layers;
        if (steps_ceil(l[i].positions, c->replicas[i]) >
            steps_ceil(l[busiest].positions, c->replicas[busiest]))
            busiest = i;
        if (stalls[i] > stalls[waits])
            waits = i;
    }
    const plan_layer *b = &w->n->layers[busiest];
    int64_t own = steps_ceil(b->positions, c->replicas[busiest]);
    printf("\nwhy\n  %s works in %lld of the %lld steps: %lld pixels by %lld copies; one more copy "
           "costs %lld crossbars, %lld are left\n",
           b->name, (long long)own, (long long)c->simulated, (long long)b->positions,
           (long long)c->replicas[busiest], (long long)plan_chip_set(w->r->chip, b, w->r->dense),
           (long long)(w->task.total - crossbars_of(w, c)));
    if (stalls[waits] > 0)
        printf("  %s waits longest after its start: %lld steps\n", w->n->layers[waits].name,
               (long long)stalls[waits]);
    printf("  the other %lld steps are the pipeline's filling and draining\n",
           (long long)(c->simulated - own));
    if (second)
        printf("  next best is %s: %lld steps with %lld crossbars\n", second->method,
               (long long)second->simulated, (long long)crossbars_of(w, second));
    for (size_t i = 0; i < w->count; i++)
        printf("  %-13s %8lld steps (model %lld), %lld crossbars, found in %.3f s\n",
               w->all[i].method, (long long)w->all[i].simulated, (long long)w->all[i].a.steps,
               (long long)crossbars_of(w, &w->all[i]), w->all[i].a.seconds);
}

static void print_plan(const allocator *w, const candidate *c, const candidate *second,
                       const int64_t *ends, const int64_t *stalls)
{
    const plan_chip *chip = w->r->chip;
    printf("%s on %s: method %s, %lld of %lld crossbars (%lld x %lld weights)\n", w->n->name,
           chip->name, c->method, (long long)crossbars_of(w, c), (long long)w->task.total,
           (long long)chip->rows, (long long)plan_chip_width(chip));
    print_layers(w, c, ends, stalls);
    printf("\n%lld steps in the simulator; Algorithm 1 says %lld", (long long)c->simulated,
           (long long)c->a.steps);
    if (w->bound)
        printf(", and none of its allocations has fewer than %lld", (long long)w->bound);
    putchar('\n');
    if (w->task.bandwidth)
        printf("%.2f us (%.2f by Algorithm 1, at least %.2f): the longest step takes %.2f us, the "
               "computation alone %.2f\n",
               c->us, c->a.us, w->bound_us,
               plan_steps_us(w->task.chain, &w->bandwidth, c->a.replicas), plan_compute_us(chip));
    else if (chip->cycle_ns > 0 && chip->step_cycles > 0)
        printf("%.2f us with steps of %.2f us\n", (double)c->simulated * plan_compute_us(chip),
               plan_compute_us(chip));
    if (second)
        printf("runner-up: %s, %lld steps", second->method, (long long)second->simulated);
    if (second && w->task.bandwidth)
        printf(", %.2f us", second->us);
    if (second)
        putchar('\n');
    if (w->r->explain)
        explain(w, c, second, stalls);
}

/* ---- JSON ---- */

static cJSON *json_candidate(const allocator *w, const candidate *c)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "method", c->method);
    plan_json_number(o, "model_steps", (double)c->a.steps);
    plan_json_number(o, "simulated_steps", (double)c->simulated);
    plan_json_number(o, "crossbars", (double)crossbars_of(w, c));
    plan_json_number(o, "seconds", c->a.seconds);
    if (w->task.bandwidth) {
        plan_json_number(o, "model_us", c->a.us);
        plan_json_number(o, "simulated_us", c->us);
    }
    return o;
}

static cJSON *json_layer(const allocator *w, const candidate *c, size_t i, const int64_t *ends,
                         const int64_t *stalls)
{
    const plan_layer *l = &w->n->layers[i];
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "name", l->name);
    cJSON_AddStringToObject(o, "kind", plan_kind_names[l->kind]);
    plan_json_number(o, "positions", (double)l->positions);
    plan_json_number(o, "copies", (double)c->replicas[i]);
    plan_json_number(o, "set", (double)plan_chip_set(w->r->chip, l, w->r->dense));
    plan_json_number(o, "end", (double)ends[i]);
    plan_json_number(o, "waits", (double)stalls[i]);
    for (size_t j = 0; j < w->task.chain->count; j++)
        if (w->task.chain->layers[j].layer == (int32_t)i &&
            !plan_bandwidth_check(w->task.memory, w->r->chip))
            plan_json_number(o, "step_us", layer_us(w, c, j));
    return o;
}

static void json_plan(const allocator *w, const candidate *c, const candidate *second,
                      const int64_t *ends, const int64_t *stalls)
{
    cJSON *o = w->r->json;
    cJSON_AddStringToObject(o, "network", w->n->name);
    cJSON_AddStringToObject(o, "machine", w->r->chip->name);
    cJSON_AddItemToObject(o, "plan", json_candidate(w, c));
    plan_json_number(o, "total", (double)w->task.total);
    if (w->bound)
        plan_json_number(o, "bound_steps", (double)w->bound);
    if (w->bound && w->task.bandwidth)
        plan_json_number(o, "bound_us", w->bound_us);
    if (second)
        cJSON_AddItemToObject(o, "runner_up", json_candidate(w, second));
    cJSON *all = cJSON_AddArrayToObject(o, "methods");
    for (size_t i = 0; i < w->count; i++)
        cJSON_AddItemToArray(all, json_candidate(w, &w->all[i]));
    cJSON *layers = cJSON_AddArrayToObject(o, "layers");
    for (size_t i = 0; i < w->n->count; i++)
        cJSON_AddItemToArray(layers, json_layer(w, c, i, ends, stalls));
}

/* ---- accuracy of the model (--samples) ---- */

static void json_accuracy(cJSON *to, const char *name, const model_accuracy *a)
{
    cJSON *o = cJSON_AddObjectToObject(to, name);
    plan_json_number(o, "average", a->average);
    plan_json_number(o, "below_1", a->below1);
    plan_json_number(o, "from_1_to_5", a->below5);
    plan_json_number(o, "above_5", a->above5);
    plan_json_number(o, "worst_error", a->worst);
}

static exit_status compare_model(const allocator *w)
{
    int64_t samples, seed;
    model_accuracy a[2];
    static const char *const names[] = {"as printed", "rows clipped, tails of bursts"};
    if (!options_whole(w->r->c, OPTION_SAMPLES, 1, 10000000, 0, &samples) ||
        !options_whole(w->r->c, OPTION_SEED, 0, INT64_C(1) << 53, 1, &seed))
        return EXIT_USAGE;
    allocate_accuracy(&w->task, samples, (uint64_t)seed, &a[0], &a[1]);
    if (w->r->json) {
        plan_json_number(w->r->json, "samples", (double)samples);
        plan_json_number(w->r->json, "seed", (double)seed);
        json_accuracy(w->r->json, "printed", &a[0]);
        json_accuracy(w->r->json, "fixed", &a[1]);
        return EXIT_DONE;
    }
    printf(
        "%s: Algorithm 1 against the simulator, %lld random plans of %lld crossbars, seed %lld\n",
        w->n->name, (long long)samples, (long long)w->task.total, (long long)seed);
    for (int i = 0; i < 2; i++)
        printf("  %-30s accuracy %.2f %%; errors below 1 %%: %.1f %%, to 5 %%: %.1f %%, more: %.1f "
               "%%; "
               "worst %.1f %%\n",
               names[i], 100 * a[i].average, 100 * a[i].below1, 100 * a[i].below5,
               100 * a[i].above5, 100 * a[i].worst);
    return EXIT_DONE;
}

/* ---- the command ---- */

static bool set_bandwidth(allocator *w, exit_status *status)
{
    cli *c = w->r->c;
    char *end = NULL;
    const char *text = c->values[OPTION_BANDWIDTH], *error;
    w->bandwidth = (plan_bandwidth){w->r->chip, 1};
    if (!text)
        return true;
    errno = 0;
    w->bandwidth.scale = strtod(text, &end);
    *status = EXIT_USAGE;
    if (errno || *end || end == text ||
        !(w->bandwidth.scale >= 1e-6 && w->bandwidth.scale <= 1e6)) {
        cli_usage(c, "--bandwidth takes a factor from 1e-6 to 1e6, not '%s'", text);
        return false;
    }
    *status = EXIT_INPUT;
    error = plan_bandwidth_check(c->memory, w->r->chip);
    if (error) {
        plan_refuse(w->r, "%s", error);
        return false;
    }
    w->task.bandwidth = &w->bandwidth;
    return true;
}

/* The checker's word on what is printed. */
static const char *check(const allocator *w, const candidate *c, const int64_t *stalls)
{
    arena *memory = w->task.memory;
    const plan_layout *p =
        plan_of_replicas(memory, &w->n, w->r->chip, w->r->dense, c->replicas, c->method);
    const char *error = plan_check(memory, p);
    double work = 0; /* pixels that are looked at, pixel by pixel */
    for (size_t i = 0; i < w->n->count; i++) {
        const plan_layer *l = &w->n->layers[i];
        double tries = (double)(steps_ceil(l->positions, c->replicas[i]) + stalls[i]);
        for (size_t k = 0; k < l->input_count; k++)
            work += tries * (double)c->replicas[i] * l->conv.kernel[0] * l->conv.kernel[1] *
                    l->inputs[k].pool.kernel[0] * l->inputs[k].pool.kernel[1];
    }
    if (!error && work < CHECK_WORK)
        error = plan_check_steps(memory, w->n, c->replicas, c->simulated);
    return error;
}

static exit_status show(allocator *w)
{
    cli *cl = w->r->c;
    candidate *c = best_of(w, w->r->method, NULL);
    if (!c && strncmp(w->r->method, "dp", 2) == 0)
        return plan_refuse(w->r, "%s", allocate_dp_check(&w->task));
    if (!c)
        return plan_refuse(w->r, "method %s cannot give every layer a copy with %lld crossbars",
                           w->r->method, (long long)w->task.total);
    candidate *second = best_of(w, NULL, c);
    int64_t *ends = ARENA_ARRAY(cl->memory, int64_t, w->n->count + 1);
    int64_t *stalls = ARENA_ARRAY(cl->memory, int64_t, w->n->count + 1);
    plan_simulate(cl->memory, w->n, c->replicas, ends, stalls);
    const char *error = check(w, c, stalls);
    if (error) {
        diag_error(cl->d, SOURCE_NOWHERE, "the plan fails its check: %s", error);
        return EXIT_INTERNAL;
    }
    if (w->r->json)
        json_plan(w, c, second, ends, stalls);
    else
        print_plan(w, c, second, ends, stalls);
    if (!cl->given[OPTION_SVG])
        return EXIT_DONE;
    plan_bar *bars = ARENA_ARRAY(cl->memory, plan_bar, w->n->count + 1);
    for (size_t i = 0; i < w->n->count; i++) {
        int64_t busy = steps_ceil(w->n->layers[i].positions, c->replicas[i]) + stalls[i];
        bars[i] = (plan_bar){w->n->layers[i].name,
                             arena_printf(cl->memory, "%lld copies, ends in %lld",
                                          (long long)c->replicas[i], (long long)ends[i]),
                             ends[i] - busy + 1, ends[i], stalls[i]};
    }
    const char *title =
        arena_printf(cl->memory, "%s on %s, method %s", w->n->name, w->r->chip->name, c->method);
    return plan_svg_write(cl, cl->values[OPTION_SVG], title, bars, w->n->count) ? EXIT_DONE
                                                                                : EXIT_INPUT;
}

static bool too_many_pixels(const plan_network *n)
{
    int64_t sum = 0;
    for (size_t i = 0; i < n->count && sum <= 1 << 26; i++)
        sum += n->layers[i].positions;
    return sum > 1 << 26;
}

exit_status plan_allocation_run(plan_request *r)
{
    allocator w = {.r = r, .n = r->networks[0]};
    exit_status status = EXIT_INPUT;
    w.task = (allocate_task){.memory = r->c->memory, .total = plan_chip_total(r->chip)};
    if (!options_whole(r->c, OPTION_CROSSBARS, 1, INT64_MAX, w.task.total, &w.task.total))
        return EXIT_USAGE;
    steps_chain *chain = steps_chain_of(r->c->memory, w.n, r->chip, r->dense);
    w.task.chain = chain;
    if (!set_bandwidth(&w, &status))
        return status;
    int64_t least = allocate_least(chain);
    if (least > w.task.total)
        return plan_too_small(r, w.n->name, least, w.task.total);
    if (!plan_memory_fits(r))
        return EXIT_INPUT;
    if (too_many_pixels(w.n))
        return plan_refuse(r, "not supported: maps of more than 2^26 pixels together, because the "
                              "simulator keeps a step for each");
    if (r->c->given[OPTION_SAMPLES])
        return compare_model(&w);
    chain->clip = !r->c->given[OPTION_AS_PRINTED];
    if (strcmp(r->method, "copies") == 0)
        status = given_copies(&w);
    else
        run_all(&w);
    return w.count ? show(&w) : status;
}
