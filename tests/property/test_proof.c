/*
 * What the compiler proves of a long kernel without executing all of its examples: random networks
 * in batches of 12 to 60, as they are and with one instruction changed. If a program comes to its end
 * with examples left out, it does so with all of them, and when it is run with times.
 *
 * PANTHER_TEST_SEED repeats a run, PANTHER_TEST_CASES shortens or lengthens it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "backend/backend.h"
#include "emulator/emulator.h"
#include "frontend/language/language.h"
#include "passes/passes.h"
#include "random_conv.inc"
#include "random_net.inc"

#ifdef __SANITIZE_ADDRESS__
enum { CASES = 12 };
#else
enum { CASES = 60 };
#endif
enum { CHANGES = 30, MOST_WORK = 4000 };

typedef struct proof_case {
    arena *memory;
    const machine *machine;
    image *image;
    uint32_t entry;
    random_state r;
} proof_case;

/* What became of the programs that were changed. */
typedef struct tally {
    int programs, ended, failed, not_with_times;
    uint64_t examples, checked;
} tally;

static ir_module *small_network(arena *memory, diag *d, random_state *r, machine *m)
{
    static conv_writer program;
    ir_numerics n = net_numerics(m);
    if (random_below(r, 2)) {
        net_plan plan = net_random_plan(r, m);
        for (uint32_t l = 0; l <= plan.layers; l++)
            plan.width[l] = 1 + plan.width[l] % 60;
        return net_build(memory, &plan, m);
    }
    do
        conv_random_program(&program, r);
    while (program.work > MOST_WORK);
    if (getenv("PANTHER_TEST_VERBOSE"))
        print_message("%s", program.text);
    pan_program *p = pan_check(memory, diag_sources(d), d, "net.pan", program.text, program.length);
    return p ? pan_build(p, &n, d) : NULL;
}

static uint32_t training_entry(const image *im)
{
    uint32_t k = 0;
    while (!im->entries[k].updates)
        k++;
    return k;
}

static proof_case make_case(uint64_t seed)
{
    proof_case c = {.memory = arena_new(), .r = random_from(seed, 3)};
    diag *d = diag_new(c.memory, source_set_new(c.memory));
    machine *m = net_random_machine(c.memory, d, &c.r);
    assert_non_null(m);
    m->cores = 8;
    m->memory_words = 1 << 22;
    c.machine = m;
    ir_module *module = small_network(c.memory, d, &c.r, m);
    assert_non_null(module);
    uint32_t batch = (uint32_t)net_between(&c.r, 12, 60);
    for (size_t i = 0; i < module->graph_count; i++)
        ir_graph_set_batch(module->graphs[i], batch);
    pass_options full = {0};
    assert_true(passes_run(module, m, c.memory, d, &full, NULL, NULL));
    c.image = backend_build(c.memory, module, m, "", d);
    if (!c.image)
        diag_print(d, stderr, false);
    assert_non_null(c.image);
    c.entry = training_entry(c.image);
    return c;
}

typedef enum question { SKIPPING, ALL, TIMED } question;

static bool ends(const proof_case *c, question q, tally *t)
{
    arena *memory = arena_new();
    diag *d = diag_new(memory, source_set_new(memory));
    emulator_options options = {
        .timing_only = true, .check_all = q == ALL, .max_cycles = 200000000};
    emulator *e = emulator_new(memory, c->machine, c->image, &options, d, "proof");
    assert_non_null(e);
    bool good = q == TIMED ? emulator_run(e, c->entry, 0, NULL, NULL, d) == EXIT_DONE
                           : emulator_check(e, c->entry, d) == EXIT_DONE;
    if (q == SKIPPING) {
        t->examples += c->image->entries[c->entry].batch;
        t->checked += emulator_examples_checked(e, c->entry);
    }
    arena_free(memory);
    return good;
}

/* A number somewhere in the program, a little or a lot different. */
static int32_t changed(proof_case *c, int32_t v)
{
    uint32_t batch = c->image->entries[c->entry].batch;
    switch (random_below(&c->r, 5)) {
    case 0:
        return v + 1;
    case 1:
        return v - 1;
    case 2:
        return v - (int32_t)(v / (int32_t)batch);
    case 3:
        return v + net_between(&c->r, -20, 20);
    default:
        return v / 2;
    }
}

/* The field of an instruction that is to be changed; -1: none. */
static int field_of(const isa_insn *insn, random_state *r)
{
    const uint8_t *kinds = isa_formats[isa_table[insn->op].format];
    int fields[ISA_FIELDS_MAX], count = 0;
    for (int i = 0; i < ISA_FIELDS_MAX && kinds[i] != FIELD_END; i++)
        if (kinds[i] == FIELD_IMM32 || kinds[i] == FIELD_COUNT || kinds[i] == FIELD_OFFSET ||
            kinds[i] == FIELD_SIZE || kinds[i] == FIELD_SCALAR || kinds[i] == FIELD_BASE ||
            kinds[i] == FIELD_TARGET)
            fields[count++] = i;
    return count ? fields[random_below(r, (uint64_t)count)] : -1;
}

/* An instruction that the machine would accept; the old one is returned. False: found none. */
static bool change(proof_case *c, isa_insn **where, isa_insn *old)
{
    image_entry *e = &c->image->entries[c->entry];
    for (int tries = 0; tries < 100; tries++) {
        image_agent *a = &e->agents[random_below(&c->r, e->agent_count)];
        uint32_t at = (uint32_t)random_below(&c->r, a->code.count);
        isa_insn *insn = &a->code.insns[at], fresh = *insn;
        int field = field_of(insn, &c->r);
        if (field < 0)
            continue;
        fresh.field[field] = changed(c, fresh.field[field]);
        if (!memcmp(&fresh, insn, sizeof fresh) ||
            image_check_insn(c->memory, &fresh, c->machine, a->is_thread, at, a->code.count))
            continue;
        *where = insn;
        *old = *insn;
        *insn = fresh;
        return true;
    }
    return false;
}

/*
 * A change may make a program look at words that it does not take. Then what happens depends on who
 * comes first, and is not the same with times.
 */
static void ask(const proof_case *c, tally *t)
{
    bool skipping = ends(c, SKIPPING, t), all = ends(c, ALL, t);
    t->programs++;
    assert_int_equal(skipping, all);
    t->ended += skipping;
    t->failed += !skipping;
    if (skipping && !ends(c, TIMED, t))
        t->not_with_times++;
}

static void run_case(uint64_t seed, tally *whole, tally *changed_ones)
{
    proof_case c = make_case(seed);
    ask(&c, whole);
    for (int k = 0; k < CHANGES; k++) {
        isa_insn *where, old;
        if (!change(&c, &where, &old))
            continue;
        if (getenv("PANTHER_TEST_VERBOSE")) {
            char text[2][160];
            disasm_insn(&old, text[0], sizeof text[0]);
            disasm_insn(where, text[1], sizeof text[1]);
            print_message("  change %d: %s -> %s\n", k, text[0], text[1]);
        }
        ask(&c, changed_ones);
        *where = old;
    }
    arena_free(c.memory);
}

static void leaving_out_changes_no_answer(void **state)
{
    (void)state;
    const char *seed_text = getenv("PANTHER_TEST_SEED"), *cases_text = getenv("PANTHER_TEST_CASES");
    uint64_t first = seed_text ? strtoull(seed_text, NULL, 0) : 20261122;
    int cases = cases_text ? atoi(cases_text) : CASES;
    tally whole = {0}, changed_ones = {0};
    for (int i = 0; i < cases; i++) {
        print_message("case seed %llu\n", (unsigned long long)(first + (uint64_t)i));
        run_case(first + (uint64_t)i, &whole, &changed_ones);
    }
    print_message("%d programs: %llu of %llu examples executed\n", whole.programs,
                  (unsigned long long)whole.checked, (unsigned long long)whole.examples);
    print_message("%d changed ones: %d end (%d not with times), %d do not; %llu of %llu examples\n",
                  changed_ones.programs, changed_ones.ended, changed_ones.not_with_times,
                  changed_ones.failed, (unsigned long long)changed_ones.checked,
                  (unsigned long long)changed_ones.examples);
    assert_int_equal(whole.ended, whole.programs);
    assert_int_equal(whole.not_with_times, 0);
    if (cases < CASES)
        return;
    assert_true(100 * changed_ones.not_with_times <= changed_ones.programs);
    assert_true(whole.checked < whole.examples / 2);
}

/* The last branch of a program's loop, which says how often it comes by; NULL: there is no loop. */
static isa_insn *loop_end(const image_agent *a)
{
    for (uint32_t n = a->code.count; n-- > 0;)
        if (a->code.insns[n].op == ISA_blti && a->code.insns[n].field[2] < 0)
            return &a->code.insns[n];
    return NULL;
}

/*
 * Everything goes well until a core or thread stops a turn too early, or a thread waits for a packet
 * too many. (A core's last turn may hold an update alone, of which nobody waits for anything.)
 */
static void late_faults_are_found(void **state)
{
    (void)state;
    int found = 0;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        proof_case c = make_case(seed);
        const image_entry *e = &c.image->entries[c.entry];
        tally t = {0};
        assert_true(ends(&c, SKIPPING, &t));
        bool leaves_out = t.checked < t.examples;
        for (uint32_t k = 0; leaves_out && k < e->agent_count; k++) {
            isa_insn *end = loop_end(&e->agents[k]);
            for (int more = -1; end && more <= (e->agents[k].is_thread ? 1 : -1); more += 2) {
                end->field[1] += more;
                t = (tally){0};
                bool good = ends(&c, SKIPPING, &t);
                assert_false(good && e->agents[k].is_thread);
                found += !good && t.checked < t.examples;
                end->field[1] -= more;
            }
        }
        arena_free(c.memory);
    }
    print_message("%d faults found behind examples that were left out\n", found);
    assert_true(found > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaving_out_changes_no_answer),
        cmocka_unit_test(late_faults_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
