/* The C interface: compiling, running, weights, and every way in which a call can be wrong. */
#include "frontend/library/panther.h"

#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char net[] = "network net(x: vec[3]) -> vec[2] { return dense(x, 2, name = \"fc\") }\n"
                          "param W: matrix[2, 3]\n"
                          "kernel step(x: vec[3], k: label[2], rate: scalar) -> vec[2] {\n"
                          "    e = W @ x - one_hot(k)\n"
                          "    W -= rate * outer(e, x)\n"
                          "    return e\n"
                          "}\n";

typedef struct fixture {
    panther *p;
    panther_image *image;
    panther_emulator *e;
} fixture;

static fixture begin(const panther_options *options)
{
    fixture f = {panther_new(), NULL, NULL};
    f.image = panther_compile_text(f.p, "net.pan", net, options);
    assert_string_equal(panther_messages(f.p), "");
    assert_non_null(f.image);
    f.e = panther_start(f.p, f.image, NULL);
    assert_non_null(f.e);
    return f;
}

static void expect_message(const panther *p, const char *text)
{
    if (!strstr(panther_messages(p), text))
        fail_msg("no '%s' in '%s'", text, panther_messages(p));
}

/* y = W x + b with the weights that were written, to the formats' resolution. */
static void forward(void **state)
{
    (void)state;
    fixture f = begin(NULL);
    const double w[6] = {1, 2, 3, -1, 0.5, 0}, b[2] = {0.25, -4}, x[3] = {1, -2, 0.5};
    double y[2], again[6];
    assert_int_equal(panther_write_weights(f.e, "fc.weight", w, 6), PANTHER_DONE);
    assert_int_equal(panther_write_weights(f.e, "fc.bias", b, 2), PANTHER_DONE);
    assert_int_equal(panther_read_weights(f.e, "fc.weight", again, 6), PANTHER_DONE);
    for (int i = 0; i < 6; i++)
        assert_true(again[i] == w[i]);
    assert_int_equal(panther_write(f.e, "test:net", "x", x, 3), PANTHER_DONE);
    assert_int_equal(panther_run(f.e, "test:net"), PANTHER_DONE);
    assert_int_equal(panther_read(f.e, "test:net", "output", y, 2), PANTHER_DONE);
    assert_true(fabs(y[0] - (1 - 4 + 1.5 + 0.25)) < 0.02);
    assert_true(fabs(y[1] - (-1 - 1 - 4)) < 0.02);
    panther_free(f.p);
}

/* batch_norm is folded into the layer: it reads as the identity, the layer's bias as its bias. */
static void folded(void **state)
{
    (void)state;
    fixture f = {.p = panther_new()};
    f.image = panther_compile_text(f.p, "net.pan",
                                   "network net(x: vec[2]) -> vec[2] {\n"
                                   "    return batch_norm(dense(x, 2, bias = false), eps = 0.25)\n"
                                   "}\n",
                                   NULL);
    f.e = panther_start(f.p, f.image, NULL);
    assert_non_null(f.e);
    const double w[4] = {1, -2, 0.5, 4}, b[2] = {0.75, -1}, x[2] = {1, 0.5};
    double y[2], known[2];
    assert_int_equal(panther_write_weights(f.e, "dense_1.weight", w, 4), PANTHER_DONE);
    assert_int_equal(panther_write_weights(f.e, "batch_norm_1.bias", b, 2), PANTHER_DONE);
    assert_int_equal(panther_write_weights(f.e, "batch_norm_1.var", b, 2), PANTHER_USAGE);
    expect_message(f.p, "'batch_norm_1.var' is folded into the layer before it");
    assert_int_equal(panther_read_weights(f.e, "batch_norm_1.var", known, 2), PANTHER_DONE);
    assert_true(known[0] == 0.75 && known[1] == 0.75);
    assert_int_equal(panther_read_weights(f.e, "batch_norm_1.bias", known, 2), PANTHER_DONE);
    assert_true(known[0] == b[0] && known[1] == b[1]);
    assert_int_equal(panther_write(f.e, "test:net", "x", x, 2), PANTHER_DONE);
    assert_int_equal(panther_run(f.e, "test:net"), PANTHER_DONE);
    assert_int_equal(panther_read(f.e, "test:net", "output", y, 2), PANTHER_DONE);
    assert_true(fabs(y[0] - 0.75) < 0.02 && fabs(y[1] - 1.5) < 0.02);
    panther_free(f.p);
}

/* One update is W -= rate * outer(W x - onehot, x). */
static void update(void **state)
{
    (void)state;
    fixture f = begin(&(panther_options){.opa_mode = "ideal"});
    const double w[6] = {0.5, 0, 0, 0, 0.5, 0}, x[3] = {1, 2, -1}, k[2] = {0, 1}, rate = 0.25;
    double after[6];
    panther_write_weights(f.e, "W", w, 6);
    assert_int_equal(panther_write(f.e, "step", "x", x, 3), PANTHER_DONE);
    assert_int_equal(panther_write(f.e, "step", "k", k, 2), PANTHER_DONE);
    assert_int_equal(panther_write(f.e, "step", "rate", &rate, 1), PANTHER_DONE);
    assert_int_equal(panther_run(f.e, "step"), PANTHER_DONE);
    panther_read_weights(f.e, "W", after, 6);
    for (int j = 0; j < 2; j++)
        for (int i = 0; i < 3; i++) {
            double error = w[j * 3] * x[0] + w[j * 3 + 1] * x[1] - k[j];
            assert_true(fabs(after[j * 3 + i] - (w[j * 3 + i] - rate * error * x[i])) < 0.01);
        }
    panther_statistics s;
    panther_get_statistics(f.e, &s);
    assert_int_equal(s.kernels, 1);
    assert_true(s.cycles > 0 && s.last_kernel_cycles == s.cycles && s.mvm == 1 && s.opa == 1);
    assert_true(s.energy_pj > s.leakage_pj && s.leakage_pj > 0 && s.seconds > 0);
    double layers = 0;
    for (size_t i = 0; i < panther_layer_count(f.image); i++)
        layers += panther_layer_energy_pj(f.e, i);
    assert_true(layers > 0 && layers <= s.energy_pj * (1 + 1e-9));
    panther_free(f.p);
}

static void tables(void **state)
{
    (void)state;
    fixture f = begin(NULL);
    bool found = false;
    for (size_t i = 0; i < panther_entry_count(f.image); i++)
        if (strcmp(panther_entry_name(f.image, i), "step") == 0) {
            panther_port port;
            found = true;
            assert_int_equal(panther_port_count(f.image, i), 4);
            assert_int_equal(panther_get_port(f.image, i, 1, &port), PANTHER_DONE);
            assert_string_equal(port.name, "k");
            assert_true(port.classes && !port.output && port.elements == 2 && port.vectors == 1);
            assert_int_equal(panther_get_port(f.image, i, 3, &port), PANTHER_DONE);
            assert_true(port.output && port.elements == 2);
            assert_int_equal(panther_get_port(f.image, i, 4, &port), PANTHER_USAGE);
        }
    assert_true(found);
    assert_null(panther_entry_name(f.image, 99));
    assert_int_equal(panther_tensor_count(f.image), 3);
    panther_tensor t;
    assert_int_equal(panther_get_tensor(f.image, 0, &t), PANTHER_DONE);
    assert_true(t.rank >= 1 && t.dims[0] == 2 && t.elements >= 2);
    assert_int_equal(panther_get_tensor(f.image, 3, &t), PANTHER_USAGE);
    panther_free(f.p);
}

static void files(void **state)
{
    (void)state;
    char folder[] = "/tmp/test_library.XXXXXX", image_path[64], weights[64];
    assert_non_null(mkdtemp(folder));
    snprintf(image_path, sizeof image_path, "%s/net.pimg", folder);
    snprintf(weights, sizeof weights, "%s/w.safetensors", folder);
    fixture f = begin(&(panther_options){.machine = "tiny", .variant = 1});
    double w[6], again[6];
    panther_read_weights(f.e, "W", w, 6);
    assert_int_equal(panther_save_image(f.image, image_path), PANTHER_DONE);
    assert_int_equal(panther_save_weights(f.e, weights), PANTHER_DONE);
    panther_free(f.p);
    panther *p = panther_new();
    panther_image *loaded = panther_load_image(p, image_path, NULL);
    assert_non_null(loaded);
    panther_emulator *e = panther_start(p, loaded, &(panther_start_options){.seed = 7});
    panther_read_weights(e, "W", again, 6);
    assert_true(memcmp(w, again, sizeof w) != 0); /* another seed */
    assert_int_equal(panther_load_weights(e, weights), PANTHER_DONE);
    panther_read_weights(e, "W", again, 6);
    for (int i = 0; i < 6; i++)
        assert_true(fabs(w[i] - again[i]) < 1e-6); /* F32 in the file */
    assert_int_equal(panther_load_weights(e, image_path), PANTHER_INPUT);
    assert_null(panther_load_image(p, weights, NULL));
    assert_null(panther_load_image(p, image_path, &(panther_options){.machine = "panther"}));
    assert_int_equal(panther_save_image(loaded, "/nowhere/at/all"), PANTHER_INPUT);
    panther_free(p);
    unlink(image_path);
    unlink(weights);
    rmdir(folder);
}

/* A machine named by its file beside the program, and by its name wherever the program is. */
static void machines(void **state)
{
    (void)state;
    panther *p = panther_new();
    const char *path = PANTHER_SOURCE_DIR "/examples/mlp_digits.pan";
    panther_image *image = panther_compile_file(p, path, NULL);
    assert_string_equal(panther_messages(p), "");
    panther_emulator *e = panther_start(p, image, &(panther_start_options){.timing_only = 1});
    assert_int_equal(panther_run(e, "train:mlp"), PANTHER_DONE);
    char text[1024];
    snprintf(text, sizeof text, "%sdeploy { machine = \"tiny\"; variant = 3 }\n", net);
    assert_non_null(panther_compile_text(p, "/nowhere/net.pan", text, NULL));
    snprintf(text, sizeof text, "%sdeploy { machine = \"tinny\" }\n", net);
    assert_null(panther_compile_text(p, "/nowhere/net.pan", text, NULL));
    expect_message(p, "tinny");
    panther_free(p);
}

static void wrong_calls(void **state)
{
    (void)state;
    fixture f = begin(NULL);
    double v[6] = {0};
    const double nan_value[3] = {0, NAN, 0};
    assert_int_equal(panther_run(f.e, "train"), PANTHER_USAGE);
    expect_message(f.p, "no entry 'train'");
    assert_int_equal(panther_write(f.e, "test:net", "y", v, 3), PANTHER_USAGE);
    expect_message(f.p, "no such port 'y'");
    assert_int_equal(panther_write(f.e, "test:net", "x", v, 4), PANTHER_USAGE);
    expect_message(f.p, "has 3 values, not 4");
    assert_int_equal(panther_write(f.e, "test:net", "x", nan_value, 3), PANTHER_USAGE);
    expect_message(f.p, "not a finite number");
    assert_int_equal(panther_read(f.e, "test:net", "output", v, 2), PANTHER_USAGE);
    expect_message(f.p, "has not run");
    assert_int_equal(panther_read_weights(f.e, "V", v, 6), PANTHER_USAGE);
    expect_message(f.p, "no tensor 'V'");
    assert_int_equal(panther_write_weights(f.e, "W", v, 5), PANTHER_USAGE);
    expect_message(f.p, "has 6 elements, not 5");
    assert_null(panther_compile_text(f.p, "bad.pan", "network n(x: vec[3]) {", NULL));
    expect_message(f.p, "bad.pan:1:");
    assert_null(panther_compile_file(f.p, "/none.pan", NULL));
    expect_message(f.p, "/none.pan: error:");
    assert_null(panther_compile_text(f.p, "a", net, &(panther_options){.machine = "pantera"}));
    assert_null(panther_compile_text(f.p, "a", net, &(panther_options){.slices = "1"}));
    assert_null(panther_compile_text(f.p, "a", net, &(panther_options){.opa_mode = "fast"}));
    expect_message(f.p, "no opa mode 'fast'");
    assert_null(panther_compile_text(f.p, "a", net, &(panther_options){.optimize = "speed"}));
    assert_null(panther_compile_text(f.p, "a", net, &(panther_options){.variant = 4}));
    panther *other = panther_new();
    assert_null(panther_start(other, f.image, NULL));
    panther_free(other);
    panther_free(f.p);
    panther_free(NULL);
}

/* Weights are those of all copies: results stay as they are, in half of the cycles. */
static void copies_of_a_layer(void **state)
{
    static const char conv[] = "network net(x: map[1, 4, 8]) -> map[3, 4, 8] {\n"
                               "    return conv2d(x, 3, 3, padding = 1, name = \"c\")\n}\n";
    static const char *const copies[] = {NULL, "c=2"};
    double x[32], w[27], y[2][96];
    panther_statistics s[2];
    (void)state;
    for (int i = 0; i < 32; i++)
        x[i] = (i * 7 % 11 - 5) / 8.0;
    for (int i = 0; i < 27; i++)
        w[i] = (i * 5 % 13 - 6) / 16.0;
    panther *p = panther_new();
    for (int k = 0; k < 2; k++) {
        panther_image *image =
            panther_compile_text(p, "conv.pan", conv, &(panther_options){.copies = copies[k]});
        assert_string_equal(panther_messages(p), "");
        assert_int_equal(panther_tensor_count(image), 2);
        panther_emulator *e = panther_start(p, image, NULL);
        assert_int_equal(panther_write_weights(e, "c.weight", w, 27), PANTHER_DONE);
        assert_int_equal(panther_write(e, "test:net", "x", x, 32), PANTHER_DONE);
        assert_int_equal(panther_run(e, "test:net"), PANTHER_DONE);
        assert_int_equal(panther_read(e, "test:net", "output", y[k], 96), PANTHER_DONE);
        panther_get_statistics(e, &s[k]);
    }
    assert_memory_equal(y[0], y[1], sizeof y[0]);
    assert_true(s[0].cycles > s[1].cycles * 18 / 10);
    assert_null(panther_compile_text(p, "a", conv, &(panther_options){.copies = "d=2"}));
    expect_message(p, "a: error: copies: 'd' matches no layer");
    panther_free(p);
}

static void timing_only(void **state)
{
    (void)state;
    fixture f = begin(NULL);
    panther_emulator *e =
        panther_start(f.p, f.image, &(panther_start_options){.timing_only = 1});
    double y[2];
    panther_statistics s;
    assert_int_equal(panther_run(e, "step"), PANTHER_DONE);
    panther_get_statistics(e, &s);
    assert_true(s.cycles > 0);
    assert_int_equal(panther_read(e, "step", "output", y, 2), PANTHER_USAGE);
    assert_int_equal(panther_save_weights(e, "x"), PANTHER_USAGE);
    panther_stop(e);
    panther_resolve_carries(f.e);
    panther_get_statistics(f.e, &s);
    assert_int_equal(s.crs, 2); /* one per matrix */
    panther_free_image(f.image);
    panther_free(f.p);
}

/* Compiles, trains a little, and leaves the weights in `context`. */
static void *work(void *context)
{
    panther *p = panther_new();
    panther_image *image = panther_compile_text(p, "net.pan", net, NULL);
    panther_emulator *e = image ? panther_start(p, image, NULL) : NULL;
    const double x[3] = {1, 0.5, -1}, k[2] = {0, 1}, rate = 0.125;
    if (e && !panther_write(e, "step", "x", x, 3) && !panther_write(e, "step", "k", k, 2) &&
        !panther_write(e, "step", "rate", &rate, 1))
        for (int i = 0; i < 50; i++)
            panther_run(e, "step");
    if (e)
        panther_read_weights(e, "W", context, 6);
    panther_free(p);
    return NULL;
}

static void threads(void **state)
{
    (void)state;
    enum { THREADS = 4 };
    pthread_t thread[THREADS];
    double weights[THREADS][6] = {{0}}, alone[6] = {0};
    work(alone);
    assert_true(alone[0] != 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, work, weights[i]), 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(thread[i], NULL);
        assert_memory_equal(weights[i], alone, sizeof alone);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forward),     cmocka_unit_test(folded),      cmocka_unit_test(update),
        cmocka_unit_test(tables),      cmocka_unit_test(files),       cmocka_unit_test(wrong_calls),
        cmocka_unit_test(copies_of_a_layer),
        cmocka_unit_test(timing_only), cmocka_unit_test(threads),     cmocka_unit_test(machines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
