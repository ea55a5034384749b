/*
 * Golden files, tests/golden/NAME.ir: a small module and what one pass makes of it.
 *
 *     // pass: lower
 *     // machine: 2 64 8 2          nodes, tiles, cores and MCUs
 *     // what it shows
 *     (module)
 *     // ---- after lower
 *     (module)
 *
 * PANTHER_UPDATE_GOLDEN=1 writes the second half anew; read the difference before committing it.
 */
#include "test_passes.h"


#include <dirent.h>
#include <stdio.h>

static const char mark[] = "// ---- after ";

typedef struct golden {
    char *path, *text;
    char pass[32];
    bench b;
    size_t given; /* length of the first half, with the mark's line */
} golden;

static pass_function *pass_named(const char *name)
{
    for (size_t i = 0; i < pass_count; i++)
        if (!strcmp(pass_table[i].name, name))
            return pass_table[i].run;
    fail_msg("'%s' is not a pass", name);
    return NULL;
}

static char *read_all(arena *memory, const char *path)
{
    FILE *in = fopen(path, "rb");
    assert_non_null(in);
    char *text = NULL;
    size_t length = 0, capacity = 0;
    for (int c = fgetc(in); c != EOF; c = fgetc(in))
        ARENA_PUSH(memory, text, length, capacity, (char)c);
    ARENA_PUSH(memory, text, length, capacity, '\0');
    fclose(in);
    return text;
}

static void open_golden(golden *g, const char *name)
{
    bench_open(&g->b, 0);
    machine *m = &g->b.machine;
    g->path = arena_printf(g->b.memory, PANTHER_SOURCE_DIR "/tests/golden/%s", name);
    g->text = read_all(g->b.memory, g->path);
    assert_int_equal(sscanf(g->text, "// pass: %31s\n// machine: %d %d %d %d", g->pass, &m->nodes,
                            &m->tiles, &m->cores, &m->mcus),
                     5);
    const char *half = strstr(g->text, mark);
    assert_non_null(half);
    g->given = (size_t)(strchr(half, '\n') - g->text) + 1;
    g->b.m = ir_parse(g->b.memory, diag_sources(g->b.d), g->b.d, name, g->text, g->given);
    if (!g->b.m || !ir_verify(g->b.m, g->b.d, NULL)) {
        diag_print(g->b.d, stderr, false);
        fail_msg("%s is not a sound module", name);
    }
}

static void check_golden(const char *name)
{
    golden g;
    open_golden(&g, name);
    bench_pass(&g.b, g.pass, pass_named(g.pass));
    const char *made = bench_text(g.b.memory, g.b.m);
    if (getenv("PANTHER_UPDATE_GOLDEN")) {
        FILE *out = fopen(g.path, "wb");
        assert_non_null(out);
        fprintf(out, "%.*s%s", (int)g.given, g.text, made);
        fclose(out);
    } else if (strcmp(g.text + g.given, made)) {
        fputs(made, stderr);
        fail_msg("%s differs from what '%s' makes", name, g.pass);
    }
    bench_close(&g.b);
}

static void passes_make_what_the_golden_files_say(void **state)
{
    (void)state;
    size_t count = 0;
    DIR *folder = opendir(PANTHER_SOURCE_DIR "/tests/golden");
    assert_non_null(folder);
    for (const struct dirent *e = readdir(folder); e; e = readdir(folder)) {
        size_t length = strlen(e->d_name);
        if (length < 3 || strcmp(e->d_name + length - 3, ".ir"))
            continue;
        check_golden(e->d_name);
        count++;
    }
    closedir(folder);
    assert_true(count >= 11);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes_make_what_the_golden_files_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
