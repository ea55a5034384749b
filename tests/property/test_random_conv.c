/*
 * Random convolutional networks on random machines: kernels from 1 to 7, strides to 3, pads, groups, up
 * to 300 channels, pools, residual sums and branches, copies, batches of 1 to 4, most of them with rings
 * of rows (counted). Forward and backward pass,
 * updates and outputs of the emulator equal the fixed-point interpreter's bit for bit (net_case.h).
 *
 * PANTHER_TEST_SEED repeats a run, PANTHER_TEST_CASES shortens or lengthens it. `--print SEED` writes
 * the network of a case, for tests/differential/random_convolutions.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "backend/backend.h"
#include "ir/ring.h"
#include "net_case.inc"
#include "random_conv.inc"
#include "random_net.inc"

#ifdef __SANITIZE_ADDRESS__
enum { CASES = 40 }; /* each takes ten times as long */
#else
enum { CASES = 300 };
#endif

/* Maps of hundreds of channels in small pieces are more streams than a tile has channels. */
static void make_room(machine *m, const conv_writer *program)
{
    enum { WIDE = 100, SIDE = 64 };
    if (program->widest < WIDE || m->slices.rows >= SIDE)
        return;
    m->vector_words *= SIDE / m->slices.rows;
    m->slices.rows = m->slices.columns = SIDE;
}

/* All that is random about a case: its machine, and the text of its network. */
static net_case draw_case(uint64_t seed, conv_writer *program)
{
    net_case c = {.memory = arena_new(), .seed = seed, .kernels = 2};
    c.diag = diag_new(c.memory, source_set_new(c.memory));
    random_state r = random_from(seed, 2);
    c.machine = net_random_machine(c.memory, c.diag, &r);
    assert_non_null(c.machine);
    c.machine->cores = 8;
    c.machine->memory_words = 1 << 22;
    c.fidelity = (fidelity)random_below(&r, FIDELITIES);
    conv_random_program(program, &r);
    make_room(c.machine, program);
    return c;
}

/*
 * Rings of rows, how many of them have pads above or below the map, rings that wait in other tiles;
 * cases with copies.
 */
typedef struct row_rings {
    int rings, blanks, cases, spilled, copied, refused;
} row_rings;

static void count_rings(const ir_module *m, row_rings *seen)
{
    int before = seen->rings;
    for (size_t i = 0; i < m->graph_count; i++)
        for (size_t k = 0; k < m->graphs[i]->buffer_count; k++) {
            const ir_buffer *b = &m->graphs[i]->buffers[k];
            seen->rings += ir_ring_by_rows(b);
            seen->blanks += b->blank != 0;
            seen->spilled += !strncmp(b->name, "late", 4);
        }
    seen->cases += seen->rings > before;
}

/*
 * A core that adds up what copies have made reads a ring of each, which may be too much for it: then
 * without copies.
 */
static bool compile(net_case *c, conv_writer *program, row_rings *seen)
{
    seen->copied += program->copied;
    if (net_case_compile(c, net_case_text, program->text))
        return true;
    if (!program->copied || diag_faulty(c->diag))
        return false;
    seen->refused++;
    program->text[program->plain] = '\0';
    c->diag = diag_new(c->memory, source_set_new(c->memory));
    return net_case_compile(c, net_case_text, program->text);
}

/*
 * With less memory in each tile than the case takes, but more tiles; every other one is not spread
 * over them, so that its rings have to wait there. If that does not do, as it was.
 */
static void compile_tightly(net_case *c, const char *text)
{
    static const pass_tuning waits = {.port_margin = 100, .spill = true};
    net_case tight = *c;
    machine less = *c->machine;
    less.tiles = less.tiles < 12 ? 12 : less.tiles;
    less.memory_words = (int)(backend_measure(c->image).max_memory_words * (c->seed / 12 % 4 + 4) / 8);
    tight.machine = &less;
    tight.tuning = c->seed / 6 % 2 ? &waits : NULL;
    tight.diag = diag_new(c->memory, source_set_new(c->memory));
    if (!net_case_compile(&tight, net_case_text, text))
        return;
    *c->machine = less;
    c->oracle = tight.oracle;
    c->placed = tight.placed;
    c->image = tight.image;
}

static void run_case(uint64_t seed, row_rings *seen)
{
    static conv_writer program;
    net_case c = draw_case(seed, &program);
    if (getenv("PANTHER_TEST_VERBOSE"))
        print_message("%s  side %d, %d MCUs, %s\n", program.text, c.machine->slices.rows,
                      c.machine->mcus,
                      c.machine->issue == ISSUE_BLOCKING ? "blocking" : "overlapped");
    bool compiled = compile(&c, &program, seen);
    if (compiled && seed % 6 == 0)
        compile_tightly(&c, program.text);
    if (!compiled)
        diag_print(c.diag, stderr, false);
    assert_true(compiled);
    c.graph = net_trained_graph(c.oracle);
    count_rings(c.placed, seen);
    net_case_run(&c);
    arena_free(c.memory);
}

static void random_convolutions(void **state)
{
    (void)state;
    const char *seed_text = getenv("PANTHER_TEST_SEED"), *cases_text = getenv("PANTHER_TEST_CASES");
    uint64_t first = seed_text ? strtoull(seed_text, NULL, 0) : 20261122;
    int cases = cases_text ? atoi(cases_text) : CASES;
    row_rings seen = {0};
    for (int i = 0; i < cases; i++) {
        print_message("case seed %llu\n", (unsigned long long)(first + (uint64_t)i));
        run_case(first + (uint64_t)i, &seen);
    }
    print_message("%d rings of rows, %d with pads, in %d of %d cases; %d wait in other tiles\n",
                  seen.rings, seen.blanks, seen.cases, cases, seen.spilled);
    print_message("%d cases with copies, of which %d were too much for the machine\n", seen.copied,
                  seen.refused);
    assert_true(10 * seen.refused <= seen.copied + 10);
    assert_true(cases < 40 || (seen.cases >= cases / 4 && seen.blanks >= cases / 4));
    assert_true(cases < 200 || seen.spilled > 0);
}

static int print_program(const char *seed)
{
    static conv_writer program;
    net_case c = draw_case(strtoull(seed, NULL, 0), &program);
    fputs(program.text, stdout);
    arena_free(c.memory);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[1], "--print"))
        return print_program(argv[2]);
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_convolutions)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
