/*
 * Counter-based random numbers: a draw is a pure function of its key, so every host, thread and
 * fast path draws the same one, and a resumed run continues where it stopped.
 */
#ifndef PANTHER_SUPPORT_RANDOM_H
#define PANTHER_SUPPORT_RANDOM_H

#include <stdint.h>

/* One round of the splitmix64 output function (Steele, Lea, Flood 2014): a bijection of 64 bits. */
static inline uint64_t random_mix(uint64_t v)
{
    v += 0x9E3779B97F4A7C15u;
    v = (v ^ (v >> 30)) * 0xBF58476D1CE4E5B9u;
    v = (v ^ (v >> 27)) * 0x94D049BB133111EBu;
    return v ^ (v >> 31);
}

/*
 * The key of one vector of draws. seed: of the run. stream: of the instruction (or IR op). step:
 * which kernel invocation of the run. count: how often that instruction ran before in this kernel.
 */
typedef struct random_key {
    uint64_t seed, stream, step, count;
} random_key;

static inline uint64_t random_base(random_key k)
{
    uint64_t v = random_mix(k.seed);
    v = random_mix(v ^ k.stream);
    v = random_mix(v ^ k.step);
    return random_mix(v ^ k.count);
}

/* 64 random bits of one lane; base = random_base(key). */
static inline uint64_t random_lane(uint64_t base, uint32_t lane)
{
    return random_mix(base + lane);
}

/* A small sequential generator for the host side (shuffles, initial weights, tests). */
typedef struct random_state {
    uint64_t base, next;
} random_state;

static inline random_state random_from(uint64_t seed, uint64_t stream)
{
    return (random_state){random_base((random_key){seed, stream, 0, 0}), 0};
}

static inline uint64_t random_next(random_state *r)
{
    return random_mix(r->base + r->next++);
}

/* Uniform in [0, n), n > 0, without bias (rejection). */
static inline uint64_t random_below(random_state *r, uint64_t n)
{
    uint64_t limit = UINT64_MAX - UINT64_MAX % n;
    uint64_t v;
    do
        v = random_next(r);
    while (v >= limit);
    return v % n;
}

/* Uniform in [0, 1), 53 bits. */
static inline double random_unit(random_state *r)
{
    return (double)(random_next(r) >> 11) * 0x1p-53;
}

#endif
