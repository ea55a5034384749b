/* Malformed assembly and machine files: each names in its first line what the message must say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <dirent.h>

#include "isa/support/file.h"
#include "tests/unit/random_image.h"

static bool refused_asm(arena *memory, source_set *sources, diag *d, const char *path,
                        const char *text, size_t length)
{
    return !asm_parse(memory, sources, d, path, text, length, tiny_machine(memory));
}

static bool refused_machine(arena *memory, source_set *sources, diag *d, const char *path,
                            const char *text, size_t length)
{
    (void)sources;
    return !machine_parse(memory, d, path, text, length);
}

typedef bool (*reader)(arena *, source_set *, diag *, const char *, const char *, size_t);

static void check_file(const char *path, reader read)
{
    static const char mark[] = "expect: ";
    arena *memory = arena_new();
    source_set *sources = source_set_new(memory);
    diag *d = diag_new(memory, sources);
    size_t length = 0;
    const char *error = NULL;
    const char *text = file_read(memory, path, 1 << 20, &length, &error);
    assert_non_null(text);
    const char *from = strstr(text, mark);
    if (!from || from != text + 2)
        fail_msg("%s: the first line does not say what to expect", path);
    from += strlen(mark);
    const char *wanted = arena_strndup(memory, from, strcspn(from, "\n"));
    bool refused = read(memory, sources, d, path, text, length);
    const char *said = messages(memory, d);
    if (!refused || diag_errors(d) == 0)
        fail_msg("%s is accepted", path);
    if (!strstr(said, wanted))
        fail_msg("%s: expected '%s' in\n%s", path, wanted, said);
    if (!strstr(said, "error: "))
        fail_msg("%s: no error in\n%s", path, said);
    arena_free(memory);
}

static void check_folder(const char *folder, const char *ending, reader read)
{
    int count = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *file; (file = readdir(dir));) {
        char path[500];
        const char *dot = strrchr(file->d_name, '.');
        if (!dot || strcmp(dot, ending) != 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, file->d_name);
        check_file(path, read);
        count++;
    }
    closedir(dir);
    assert_true(count >= 12);
}

static void bad_assembly(void **state)
{
    (void)state;
    check_folder(PANTHER_SOURCE_DIR "/tests/cli/bad/asm", ".s", refused_asm);
}

static void bad_machines(void **state)
{
    (void)state;
    check_folder(PANTHER_SOURCE_DIR "/tests/cli/bad/machine", ".yaml", refused_machine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_assembly),
        cmocka_unit_test(bad_machines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
