/*
 * Pages and tables from statistics: what they show is what the JSON says, text in it cannot become
 * markup, ratios are right, and no JSON, however broken, does more than a message.
 */
#include "frontend/report/report.h"
#include "isa/support/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char statistics[] =
    "{\"panther\":\"1.2.3\",\"program\":\"<b>&x\\\"\",\"command\":\"panther run </script><i>\","
    "\"engine\":\"emulator\",\"seed\":7,\"machine\":{\"name\":\"m\",\"file\":\"m.yaml\","
    "\"variant\":2,\"slices\":\"44466555\",\"opa_mode\":\"stream\",\"fidelity\":\"adc\","
    "\"clock_ghz\":1,\"text\":\"nodes: 1 # <tag>\"},\"cycles\":30000,\"kernels\":3,"
    "\"cycles_per_kernel\":10000,\"seconds\":3e-05,\"crs\":2,\"adc_clips\":5,"
    "\"energy_fj\":{\"total\":1000000007,\"dynamic\":900000007,\"leakage\":100000000,"
    "\"by_layer\":{\"none\":7,\"dense_1\":1000000000},"
    "\"by_component\":{\"mvm\":900000007,\"leakage\":100000000},"
    "\"by_operation\":{\"mvm\":900000007,\"leakage\":100000000},"
    "\"by_layer_and_component\":{\"dense_1\":{\"mvm\":900000000}}},"
    "\"busy_cycles\":{\"total\":30,\"by_layer\":{\"none\":10,\"dense_1\":20},"
    "\"by_component\":{\"core\":10,\"mcu\":20},\"by_operation\":{\"mvm\":30}},"
    "\"wait_cycles\":{\"total\":5,\"by_cause\":{\"data\":5},\"by_layer\":{\"none\":5}},"
    "\"layers\":[{\"name\":\"dense_1\",\"mcus\":2,\"busiest_mcu_cycles\":20,\"core\":1,\"mcu\":20,"
    "\"waits\":5,\"energy_fj\":1000000000,\"adc_clips\":5}],\"mesh_width\":4,"
    "\"tiles\":[{\"node\":0,\"tile\":0,\"mcus\":2,\"mvm\":20,\"mtvm\":0,\"opa\":0,\"crs\":0,"
    "\"words\":100,\"words_used\":50,\"words_live\":40}],"
    "\"entries\":[{\"name\":\"train:net\",\"batch\":1,\"kernels\":3,\"cycles_per_kernel\":10000,"
    "\"cycles\":30000,\"mcu_timeline\":{\"bin_cycles\":5000,\"mvm\":[5000,2500],\"mtvm\":[0,0],"
    "\"opa\":[0,100],\"crs\":[]}}],\"slice_saturation\":[1,2,3],"
    "\"wear\":{\"slices\":[{\"writes_mean\":1.5,\"switches_mean\":0.25,\"years_mean\":null}]},"
    "\"training\":{\"step\":[1,2,3],\"epoch\":[0.3,0.6,1],\"loss\":[2,1,null],"
    "\"adc_clips\":[0,1,5],\"crs\":[0,0,2],\"slice_saturation\":[[0,1,1],[0,0,2],[1,2,3]]},"
    "\"train_loss\":[1.5],\"test_accuracy\":[0.75]}";

typedef struct desk {
    arena *memory;
    diag *d;
} desk;

static desk desk_new(void)
{
    desk k = {.memory = arena_new()};
    k.d = diag_new(k.memory, source_set_new(k.memory));
    return k;
}

typedef void writer(desk *k, const report_run *const *runs, size_t count, FILE *out);

static char *written(desk *k, writer *write, const report_run *const *runs, size_t count)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    write(k, runs, count, out);
    fclose(out);
    char *copy = arena_strndup(k->memory, text, size);
    free(text);
    return copy;
}

static void write_page(desk *k, const report_run *const *runs, size_t count, FILE *out)
{
    if (count == 1)
        report_page(k->memory, runs[0], out);
    else
        report_compare_page(k->memory, runs, count, out);
}

static void write_text(desk *k, const report_run *const *runs, size_t count, FILE *out)
{
    if (count == 1)
        report_text(k->memory, runs[0], out);
    else
        report_compare_text(k->memory, runs, count, out);
}

static const report_run *read_text(desk *k, const char *path, const char *text)
{
    return report_read(k->memory, k->d, path, text, strlen(text));
}

#define HAS(text, part)                                                                            \
    do {                                                                                           \
        if (!strstr((text), (part)))                                                               \
            fail_msg("no '%s'", (part));                                                           \
    } while (0)

static void the_page_shows_what_is_there(void **state)
{
    (void)state;
    desk k = desk_new();
    const report_run *run = read_text(&k, "s.json", statistics);
    assert_non_null(run);
    const char *page = written(&k, write_page, &run, 1);
    static const char *const parts[] = {
        "<table id=\"energy-by-layer\">", "data-v=\"1000000007\">1,000,000,007<",
        "data-v=\"900000007\">900,000,007<", "<table id=\"busy-by-component\">",
        "<table id=\"busy-by-operation\">", "<table id=\"layers\">", "<table id=\"tiles\">",
        "<table id=\"timeline-0\">", "data-v=\"0.5\">0.5<", "<table id=\"memory-by-tile\">",
        "<table id=\"slice-saturation\">", "<table id=\"wear-by-slice\">", "data-v=\"0.25\">",
        "data-v=\"0.75\">", "<table id=\"epochs\">", "panther 1.2.3", "nodes: 1 # &lt;tag&gt;",
        "panther run &lt;/script&gt;&lt;i&gt;", "Run of &lt;b&gt;&amp;x&quot;",
        "prefers-color-scheme:dark", "<summary>",
    };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        HAS(page, parts[i]);
    /* it loads nothing, runs nothing, and text of the run is text */
    static const char *const never[] = {"<b>&x", "<i>", "<tag>", "http:", "https:", "src=",
                                        "@import", "url(", "javascript"};
    for (size_t i = 0; i < sizeof never / sizeof *never; i++)
        if (strstr(page, never[i]))
            fail_msg("'%s' is in the page", never[i]);
    const char *data = strstr(page, "id=\"statistics\">");
    assert_non_null(data);
    assert_non_null(strstr(data, "\\u003c/script>"));
    HAS(strstr(data, "</script>"), "</script>\n</body>");
    assert_null(strstr(strstr(data, "</script>") + 1, "</script>"));
    arena_free(k.memory);
}

static void text_shows_the_same(void **state)
{
    (void)state;
    desk k = desk_new();
    const report_run *run = read_text(&k, "s.json", statistics);
    const char *text = written(&k, write_text, &run, 1);
    HAS(text, "30,000");
    HAS(text, "Energy by layer");
    HAS(text, "1 uJ");
    HAS(text, "75.0 %");
    arena_free(k.memory);
}

static char *replaced(desk *k, const char *from, const char *to)
{
    const char *at = strstr(statistics, from);
    assert_non_null(at);
    return arena_printf(k->memory, "%.*s%s%s", (int)(at - statistics), statistics, to,
                        at + strlen(from));
}

static void ratios_are_to_the_first(void **state)
{
    (void)state;
    desk k = desk_new();
    char *other = replaced(&k, "\"none\":10,\"dense_1\":20", "\"dense_1\":5,\"dense_2\":8");
    other = arena_strdup(k.memory, other);
    const report_run *runs[] = {read_text(&k, "x/a.json", statistics),
                                read_text(&k, "x/b.json", other),
                                read_text(&k, "y/b.json", other)};
    const char *page = written(&k, write_page, runs, 3);
    HAS(page, "<table id=\"cmp-busy-by-layer\">");
    HAS(page, "data-v=\"0.25\">0.250x<"); /* dense_1: 5 of 20 */
    HAS(page, "x/b.json");                /* equal names are told apart */
    const char *text = written(&k, write_text, runs, 3);
    HAS(text, "0.250x");
    HAS(text, "dense_2");
    arena_free(k.memory);
}

static void other_files_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } bad[] = {
        {"", "no JSON"},
        {"{", "no JSON"},
        {"nothing", "no JSON"},
        {"[1, 2]", "holds no object"},
        {"{}", "it has no 'panther'"},
        {"{\"panther\":1}", "'panther' is not text"},
        {"{\"panther\":\"1\",\"command\":\"\",\"engine\":\"\",\"machine\":[]}",
         "'machine' is not an object"},
        {"{\"panther\":\"1\",\"command\":\"\",\"engine\":\"\",\"machine\":{},\"tiles\":{}}",
         "'tiles' is not a list"},
        {"{\"panther\":\"1\",\n\"command\":\"\",\n\"engine\"}", "line 3"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        desk k = desk_new();
        assert_null(read_text(&k, "bad.json", bad[i].text));
        char *text = NULL;
        size_t size = 0;
        FILE *out = open_memstream(&text, &size);
        diag_print(k.d, out, false);
        fclose(out);
        HAS(text, bad[i].message);
        HAS(text, "bad.json: error: ");
        free(text);
        arena_free(k.memory);
    }
}

static void what_is_missing_is_left_out(void **state)
{
    (void)state;
    desk k = desk_new();
    const report_run *run = read_text(
        &k, "i.json",
        "{\"panther\":\"1\",\"command\":\"c\",\"engine\":\"float\",\"machine\":{},"
        "\"train_loss\":[],\"tiles\":[{}, 3, null],\"cycles\":1e999,\"layers\":[[]],"
        "\"training\":{\"epoch\":[1e308,-1e308],\"loss\":[1e308,-1e308,5]}}");
    assert_non_null(run);
    const char *page = written(&k, write_page, &run, 1);
    HAS(page, "interpreters count no cycles");
    HAS(page, "</html>");
    const report_run *runs[] = {run, run};
    HAS(written(&k, write_page, runs, 2), "</html>");
    arena_free(k.memory);
}

/* Bytes of a good file changed, cut and doubled: a message or a page, and nothing else. */
static void damaged_files_do_no_harm(void **state)
{
    (void)state;
    enum { ROUNDS = 1500 };
    static const char letters[] = "{}[]\",:0123456789.e-+ntrue\\x";
    uint64_t seed = 20;
    random_state r = random_from(seed, 1);
    size_t length = sizeof statistics - 1, pages = 0;
    for (int round = 0; round < ROUNDS; round++) {
        desk k = desk_new();
        char *text = arena_strdup(k.memory, statistics);
        for (uint64_t n = 1 + random_below(&r, 4); n > 0; n--)
            text[random_below(&r, length)] = letters[random_below(&r, sizeof letters - 1)];
        size_t end = random_below(&r, 8) ? length : random_below(&r, length);
        const report_run *run = report_read(k.memory, k.d, "f.json", text, end);
        if (run) {
            const report_run *runs[] = {run, run};
            assert_non_null(strstr(written(&k, write_page, &run, 1), "</html>"));
            written(&k, write_text, runs, 2);
            written(&k, write_page, runs, 2);
            pages++;
        } else {
            assert_true(diag_errors(k.d) > 0);
        }
        arena_free(k.memory);
    }
    print_message("seed %llu: %zu of %d files were read\n", (unsigned long long)seed, pages,
                  ROUNDS);
    assert_true(pages > ROUNDS / 20 && pages < ROUNDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_shows_what_is_there),
        cmocka_unit_test(text_shows_the_same),
        cmocka_unit_test(ratios_are_to_the_first),
        cmocka_unit_test(other_files_are_refused),
        cmocka_unit_test(what_is_missing_is_left_out),
        cmocka_unit_test(damaged_files_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
