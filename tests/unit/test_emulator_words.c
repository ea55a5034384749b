/* Shared memory against one word after the other; room for what is used; presets that repeat. */
#include "emulator/memory.h"
#include "tests/unit/test_emulator_support.h"

enum { WORDS = 5 * MEMORY_PAGE + 100, STEPS = 20000, SEED = 4711 };

typedef struct plain_word {
    uint8_t count;
    bool phase, sticky;
} plain_word;

static shared_memory memory_of(arena *memory, uint32_t words)
{
    return (shared_memory){.arena = memory, .has_values = true, .words = words};
}

static bool plain_ready(const plain_word *w, bool phase)
{
    return w->sticky || (w->count && w->phase == phase);
}

static bool plain_free(const plain_word *w)
{
    return !w->sticky && !w->count;
}

/* The first word that is not as wanted (ready with a phase, or free), found one by one. */
static uint32_t plain_first(const plain_word *w, uint32_t at, uint32_t n, bool free, bool phase)
{
    uint32_t i = at;
    while (i < at + n && (free ? plain_free(&w[i]) : plain_ready(&w[i], phase)))
        i++;
    return i;
}

static uint32_t plain_counted(const plain_word *w, uint32_t at, uint32_t n)
{
    uint32_t i = at;
    while (i < at + n && !w[i].count)
        i++;
    return i;
}

static void plain_mark(plain_word *w, uint32_t n, uint8_t count, bool phase)
{
    for (uint32_t i = 0; i < n; i++)
        w[i] = (plain_word){count, count && phase, count == 0};
}

static void plain_take(plain_word *w, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (!w[i].sticky)
            w[i].count--;
}

static void compare(const shared_memory *m, const plain_word *w)
{
    for (uint32_t i = 0; i < m->room; i++) {
        assert_int_equal(word_is_sticky(m->state[i]), w[i].sticky);
        assert_int_equal(word_count(m->state[i]), w[i].count);
        assert_int_equal(m->state[i] == WORD_FREE, plain_free(&w[i]));
    }
    for (uint32_t i = m->room; i < WORDS; i++)
        assert_true(plain_free(&w[i]));
}

static uint32_t some_words(random_state *r)
{
    return (uint32_t)(1 + random_below(r, random_below(r, 8) ? 200 : 3000));
}

static void random_accesses_agree(void **state)
{
    (void)state;
    arena *memory = arena_new();
    static plain_word w[WORDS];
    shared_memory m = memory_of(memory, WORDS);
    random_state r = random_from(SEED, 0);
    print_message("seed %d\n", SEED);
    for (int step = 0; step < STEPS; step++) {
        uint32_t n = some_words(&r), at = (uint32_t)random_below(&r, WORDS - n + 1);
        bool phase = random_below(&r, 2);
        uint8_t count = (uint8_t)(random_below(&r, 3) ? 1 + random_below(&r, 3) : 0);
        memory_reserve(&m, at + n);
        uint32_t ready = plain_first(w, at, n, false, phase), free = plain_first(w, at, n, true, 0);
        assert_int_equal(memory_not_ready(&m, at, n, phase), ready);
        assert_int_equal(memory_not_free(&m, at, n), free);
        assert_int_equal(memory_counted(&m, at, n), plain_counted(w, at, n));
        if (ready > at && random_below(&r, 4)) {
            memory_take(&m, at, ready - at);
            plain_take(w + at, ready - at);
        } else if (random_below(&r, 300) == 0) {
            memory_reset(&m);
            memset(w, 0, sizeof w);
        } else {
            n = n > 100 ? n / 20 : n;
            memory_mark(&m, at, n, count, phase);
            plain_mark(w + at, n, count, phase);
        }
        if (step % 500 == 0)
            compare(&m, w);
    }
    arena_free(memory);
}

/* Nothing but the pages that were used is cleared or has room. */
static void room_follows_use(void **state)
{
    (void)state;
    arena *memory = arena_new();
    shared_memory m = memory_of(memory, 1 << 22);
    memory_reserve(&m, 100);
    assert_true(m.room >= 100 && m.room <= MEMORY_PAGE);
    memory_mark(&m, 10, 5, 1, false);
    m.value[12] = 7;
    memory_reserve(&m, 1 << 22);
    assert_int_equal(m.room, 1 << 22);
    assert_int_equal(m.value[12], 7);
    assert_int_equal(memory_not_ready(&m, 10, 5, false), 15);
    memory_mark(&m, (1 << 22) - 1, 1, 1, true);
    m.value[(1 << 22) - 1] = 9;
    uint32_t at = 0, end;
    assert_true(memory_next_used(&m, &at, &end));
    assert_true(at == 0 && end == MEMORY_PAGE);
    at = end;
    assert_true(memory_next_used(&m, &at, &end));
    assert_true(at == (1 << 22) - MEMORY_PAGE && end == 1 << 22);
    at = end;
    assert_false(memory_next_used(&m, &at, &end));
    memory_reset(&m);
    assert_true(m.value[12] == 0 && m.value[(1 << 22) - 1] == 0);
    assert_int_equal(memory_not_free(&m, 0, 1 << 22), 1 << 22);
    arena_free(memory);
}

static void runs_are_preset(void **state)
{
    (void)state;
    arena *memory = arena_new();
    shared_memory m = memory_of(memory, 4096);
    int16_t values[] = {3, 4};
    image_preset zeros = {.address = 10, .words = 5, .repeat = 3, .stride = 1000};
    image_preset list = {
        .address = 20, .words = 2, .count = 9, .values = values, .repeat = 2, .stride = 2};
    image_preset sevens = {.address = 4095, .words = 1, .count = 1, .value = 7, .repeat = 1};
    const image_preset *all[] = {&zeros, &list, &sevens};
    memory_reserve(&m, 4096);
    for (int k = 0; k < 3; k++) {
        memory_preset_states(&m, all[k]);
        memory_preset_values(&m, all[k]);
    }
    for (uint32_t i = 0; i < 4096; i++) {
        bool zero = i % 1000 >= 10 && i % 1000 < 15 && i < 2100, listed = i >= 20 && i < 24;
        assert_int_equal(word_is_sticky(m.state[i]), zero);
        assert_int_equal(word_count(m.state[i]), listed ? 9 : i == 4095);
        assert_int_equal(m.value[i], listed ? 3 + i % 2 : i == 4095 ? 7 : 0);
    }
    arena_free(memory);
}

/* The whole memory of a large tile is there, but a program pays for what it touches. */
static void large_memories_are_cheap(void **state)
{
    (void)state;
    bench b = bench_new();
    b.m->memory_words = 1 << 22;
    bench_program(&b, ".output y elements=4\n.packet tile=3 channel=0 words=4\n"
                      ".buffer ring, 0, 600\n.preset 0, keep, 5*4 repeat=10 stride=60\n"
                      ".core 0\n  peek v0, [s0 + 540], 4\n  halt\n"
                      ".tile 1\n.core 0\n"
                      "  store [s0 + 100], v0, 4, 1\n  drop [s0 + 100], 4\n  halt\n"
                      ".tile 3\n.core 0\n  sset s1, 4194300\n  set v0, 3, 4\n"
                      "  store [s1 + 0], v0, 4, 2\n  drop [s1 + 0], 4\n  halt\n"
                      ".thread 0\n  sset s1, 4194300\n  send [s1 + 0], 4, host, 0, 0\n  halt\n");
    assert_in_range(arena_used(b.memory), 1, 1 << 20);
    int16_t y[4];
    int16_t *outputs[] = {y};
    for (int round = 0; round < 3; round++) {
        memset(y, 0, sizeof y);
        bench_run(&b, NULL, outputs);
        assert_int_equal(y[3], 3);
    }
    bench_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_accesses_agree),
        cmocka_unit_test(room_follows_use),
        cmocka_unit_test(runs_are_preset),
        cmocka_unit_test(large_memories_are_cheap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
