/*
 * Benchmarks: cases that are run in turn, round after round, so that all of them see the same
 * weather; what is reported are medians over the rounds, of times and of ratios within a round.
 */
#ifndef PANTHER_TESTS_BENCHMARKS_BENCH_H
#define PANTHER_TESTS_BENCHMARKS_BENCH_H

#include "emulator/crossbar/crossbar.h"
#include "isa/support/arena.h"
#include "isa/support/random.h"

#include <stdbool.h>

enum { SIDE = 128, VECTORS = 64 };

typedef struct bench_case {
    const char *name, *meaning;
    void (*run)(void *state); /* `work` operations (products, updates, ...) */
    void *state;
    double work;
    const char *plain, *blas; /* names of the cases to compare with; may be NULL */
    double tiles;             /* tile products that one operation comes to at the least; or 0 */
    /* results */
    int repeat;               /* calls of `run` per round */
    double *seconds;          /* per operation, one for each round */
} bench_case;

typedef struct bench {
    arena *memory;
    bench_case *at;
    size_t count, room;
} bench;

void bench_add(bench *b, bench_case c);
const bench_case *bench_find(const bench *b, const char *name);

/* Runs all cases in `rounds` rounds. */
void bench_measure(bench *b, int rounds);
double bench_median(const bench *b, const double *values, int n);

/* The cases. */
void bench_add_peak(bench *b);    /* "amx.peak", where there are tiles */
void bench_add_blas(bench *b);    /* "blas.*", where OpenBLAS was found */
void bench_add_plain(bench *b);   /* "plain.*": the obvious C */
void bench_add_kernels(bench *b); /* each kernel that can run here */

/* The core type for which OpenBLAS chose its code; NULL without OpenBLAS. */
const char *bench_blas_core(void);

/* Random operands, of all magnitudes or of those of a rounded update. */
void bench_words(random_state *r, int16_t *v, int n);

/* The obvious C, compiled with -O3 for x86-64-v3 where that exists (plain.c). */
void plain_sliced_mvm(const slicing *f, const int16_t *digits, const int16_t *x, int64_t *y);
void plain_exact_mvm(const int64_t *w, const int16_t *x, int64_t *y);
void plain_opa(const slicing *f, int16_t *digits, const int16_t *row, const int16_t *col);

#endif
