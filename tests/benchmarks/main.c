#define _GNU_SOURCE
#include "tests/benchmarks/bench.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static const char usage[] =
    "usage: bench [--json FILE] [--rounds N] [NAME...]\n"
    "Runs the cases whose name contains a NAME (and those they are compared with) in turn and prints\n"
    "medians over the rounds: nanoseconds per operation, and ratios of speeds within a round.\n";

void bench_add(bench *b, bench_case c)
{
    ARENA_PUSH(b->memory, b->at, b->count, b->room, c);
}

const bench_case *bench_find(const bench *b, const char *name)
{
    for (size_t k = 0; name && k < b->count; k++)
        if (strcmp(b->at[k].name, name) == 0)
            return &b->at[k];
    return NULL;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double run(const bench_case *c)
{
    double start = now();
    for (int k = 0; k < c->repeat; k++)
        c->run(c->state);
    return (now() - start) / c->repeat / c->work;
}

void bench_measure(bench *b, int rounds)
{
    const double slot = 100e-6; /* seconds that a case takes per round */
    for (size_t k = 0; k < b->count; k++) {
        bench_case *c = &b->at[k];
        c->seconds = ARENA_ARRAY(b->memory, double, (size_t)rounds);
        c->repeat = 3;
        c->repeat = 1 + (int)(slot / (run(c) * c->work));
    }
    for (int round = 0; round < rounds; round++)
        for (size_t k = 0; k < b->count; k++) {
            run(&b->at[k]); /* caches, predictors and clocks of units as in steady use */
            b->at[k].seconds[round] = run(&b->at[k]);
        }
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_median(const bench *b, const double *values, int n)
{
    double *sorted = ARENA_ARRAY(b->memory, double, (size_t)n);
    memcpy(sorted, values, (size_t)n * sizeof *sorted);
    qsort(sorted, (size_t)n, sizeof *sorted, ascending);
    return n % 2 ? sorted[n / 2] : 0.5 * (sorted[n / 2 - 1] + sorted[n / 2]);
}

/* How often `c` runs in the time of one `other`, times `scale`; 0 without it. */
static double ratio(const bench *b, const bench_case *other, const bench_case *c, double scale,
                    int rounds)
{
    if (!other)
        return 0;
    double *values = ARENA_ARRAY(b->memory, double, (size_t)rounds);
    for (int round = 0; round < rounds; round++)
        values[round] = scale * other->seconds[round] / c->seconds[round];
    return bench_median(b, values, rounds);
}

static void print_ratio(double value)
{
    if (value > 0)
        printf(" %9.*f", value < 10 ? 3 : 1, value);
    else
        printf(" %9s", "");
}

static void report(const bench *b, int rounds, FILE *json)
{
    printf("%-22s %10s %9s %9s %9s  %s\n", "", "ns", "x plain C", "x BLAS", "of peak", "");
    if (json)
        fprintf(json, "{\"rounds\": %d, \"openblas\": \"%s\", \"cases\": [", rounds,
                bench_blas_core() ? bench_blas_core() : "");
    for (size_t k = 0; k < b->count; k++) {
        const bench_case *c = &b->at[k];
        double seconds = bench_median(b, c->seconds, rounds);
        double plain = ratio(b, bench_find(b, c->plain), c, 1, rounds);
        double blas = ratio(b, bench_find(b, c->blas), c, 1, rounds);
        double peak = c->tiles > 0 ? ratio(b, bench_find(b, "amx.peak"), c, c->tiles, rounds) : 0;
        printf("%-22s %10.1f", c->name, seconds * 1e9);
        print_ratio(plain);
        print_ratio(blas);
        print_ratio(peak);
        printf("  %s\n", c->meaning);
        if (json)
            fprintf(json,
                    "%s\n {\"name\": \"%s\", \"ns\": %.2f, \"per_second\": %.6g, "
                    "\"x_plain\": %.4g, \"x_blas\": %.4g, \"blas\": \"%s\", \"of_peak\": %.4g}",
                    k ? "," : "", c->name, seconds * 1e9, 1 / seconds, plain, blas,
                    c->blas ? c->blas : "", peak);
    }
    if (json)
        fprintf(json, "\n]}\n");
}

/* OpenBLAS may take a new processor for an old one and then runs several times too slowly. */
static bool blas_is_honest(void)
{
    const char *wanted = getenv("OPENBLAS_CORETYPE"), *core = bench_blas_core();
    if (!core) {
        printf("OpenBLAS was not found when this was built: no comparison with it\n");
        return true;
    }
    printf("OpenBLAS runs its code for %s\n", core);
    if (!wanted || strcasecmp(wanted, core) == 0)
        return true;
    fprintf(stderr, "bench: OPENBLAS_CORETYPE is %s, but OpenBLAS runs as %s\n", wanted, core);
    return false;
}

/* Keeps the cases that were asked for, and whatever they are compared with. */
static void select_cases(bench *b, char **names, int n)
{
    bench kept = {.memory = b->memory};
    for (size_t k = 0; k < b->count; k++) {
        bool baseline = !strncmp(b->at[k].name, "blas.", 5) ||
                        !strncmp(b->at[k].name, "plain.", 6) || !strcmp(b->at[k].name, "amx.peak");
        bool wanted = n == 0 || baseline;
        for (int i = 0; i < n; i++)
            wanted |= strstr(b->at[k].name, names[i]) != NULL;
        if (wanted)
            bench_add(&kept, b->at[k]);
    }
    *b = kept;
}

static void stay_on_one_core(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)sched_getcpu(), &set);
    sched_setaffinity(0, sizeof set, &set);
}

int main(int argc, char **argv)
{
    bench b = {.memory = arena_new()};
    const char *json_name = NULL;
    int rounds = 201, names = 0;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--json") && i + 1 < argc)
            json_name = argv[++i];
        else if (!strcmp(argv[i], "--rounds") && i + 1 < argc && atoi(argv[i + 1]) > 0)
            rounds = atoi(argv[++i]);
        else if (argv[i][0] == '-')
            return fputs(usage, stderr), 2;
        else
            argv[1 + names++] = argv[i];
    }
    FILE *json = json_name ? fopen(json_name, "w") : NULL;
    if (json_name && !json)
        return perror(json_name), 1;
    if (!blas_is_honest())
        return 1;
    stay_on_one_core();
    bench_add_peak(&b);
    bench_add_blas(&b);
    bench_add_plain(&b);
    bench_add_kernels(&b);
    select_cases(&b, argv + 1, names);
    bench_measure(&b, rounds);
    report(&b, rounds, json);
    if (json && fclose(json) != 0)
        return perror(json_name), 1;
    arena_free(b.memory);
    return 0;
}
