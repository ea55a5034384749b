/*
 * The training loop on an engine that only writes down what it was asked to do: order of examples,
 * rates, actions, carry resolution, padding, patience, and that a resumed run asks for the same.
 */
#include "host_fixture.h"

#include "isa/support/random.h"

typedef struct recorder {
    engine base;
    fixture *f;
    FILE *out;
    char *text;
    size_t length;
    double w[2];
    double logit; /* what every output is */
} recorder;

enum { TRAIN, TEST };

static exit_status record_run(engine *e, uint32_t entry, uint64_t step, const double *const *inputs,
                              double *const *outputs, diag *d)
{
    recorder *r = (recorder *)e;
    const image_entry *at = &e->im->entries[entry];
    (void)d;
    fprintf(r->out, "%s %llu:", at->name, (unsigned long long)step);
    for (uint32_t i = 0; i < at->batch; i++)
        fprintf(r->out, " %g", inputs[0][i]);
    if (entry == TRAIN) {
        for (uint32_t i = 0; i < 2 * at->batch; i++)
            fprintf(r->out, "%s%g", i ? "," : " / ", inputs[1][i]);
        fprintf(r->out, " rate %g", inputs[2][0]);
        r->w[0] += 1; /* so that saved weights tell how far the run was */
    }
    fputc('\n', r->out);
    for (uint32_t i = 0; i < at->batch; i++) {
        outputs[0][2 * i] = 0;
        outputs[0][2 * i + 1] = r->logit;
    }
    return EXIT_DONE;
}

static void record_write(engine *e, uint32_t matrix, const double *w)
{
    (void)matrix;
    memcpy(((recorder *)e)->w, w, sizeof(double[2]));
}

static void record_read(engine *e, uint32_t matrix, double *w)
{
    (void)matrix;
    memcpy(w, ((recorder *)e)->w, sizeof(double[2]));
}

static void record_crs(engine *e)
{
    fputs("crs\n", ((recorder *)e)->out);
}

static const engine_table table = {.name = "recorder",
                                   .run = record_run,
                                   .write_matrix = record_write,
                                   .read_matrix = record_read,
                                   .crs = record_crs};

static const image *fake_image(fixture *f, uint32_t train_batch, uint32_t test_batch)
{
    image *im = ARENA_NEW(f->memory, image);
    image_port *inputs = ARENA_ARRAY(f->memory, image_port, 3);
    inputs[0] = (image_port){.name = "x", .role = PORT_INPUT, .elements = 1, .q = 9};
    inputs[1] = (image_port){
        .name = "y", .role = PORT_TARGET, .encoding = ENCODE_ONE_HOT, .elements = 2, .q = 14};
    inputs[2] = (image_port){
        .name = "rate", .role = PORT_SCALAR, .per_kernel = true, .elements = 1, .q = 15};
    image_port *output = ARENA_NEW(f->memory, image_port);
    *output = (image_port){.name = "output", .role = PORT_OUTPUT, .elements = 2, .q = 9};
    im->entries = ARENA_ARRAY(f->memory, image_entry, 2);
    im->entry_count = 2;
    im->entries[TRAIN] = (image_entry){.name = "train:f",
                                       .batch = train_batch,
                                       .updates = true,
                                       .inputs = inputs,
                                       .input_count = 3,
                                       .outputs = output,
                                       .output_count = 1};
    im->entries[TEST] = (image_entry){.name = "test:f",
                                      .batch = test_batch,
                                      .inputs = inputs,
                                      .input_count = 1,
                                      .outputs = output,
                                      .output_count = 1};
    im->matrices = ARENA_NEW(f->memory, image_matrix);
    im->matrices[0] = (image_matrix){.name = "m", .rows = 1, .columns = 2, .q = 26};
    im->matrix_count = 1;
    im->tensors = ARENA_NEW(f->memory, image_tensor);
    im->tensors[0] = (image_tensor){.name = "w",
                                    .rank = 2,
                                    .dims = {2, 1},
                                    .rows = 1,
                                    .columns = 2,
                                    .init = INIT_UNIFORM,
                                    .init_value = 1};
    im->tensor_count = 1;
    return im;
}

/* Ten training examples 0 .. 9, odd ones of class 1, and three to test. */
static void write_data(fixture *f)
{
    static const char train[] = "0,0\n1,1\n2,0\n3,1\n4,0\n5,1\n6,0\n7,1\n8,0\n9,1\n";
    static const char test[] = "20,1\n21,1\n22,0\n";
    fixture_write(f, "train.csv", train, sizeof train - 1);
    fixture_write(f, "test.csv", test, sizeof test - 1);
}

static const char *plan_text(fixture *f, const char *data, const char *train)
{
    return arena_printf(
        f->memory,
        "{\"data\":{\"d\":{\"train\":{\"kind\":\"csv\",\"files\":[\"train.csv\"],\"base\":\"%s\","
        "\"label\":1},\"test\":{\"kind\":\"csv\",\"files\":[\"test.csv\"],\"base\":\"%s\","
        "\"label\":1}%s}},\"train\":[{\"item\":\"f\",\"data\":\"d\",\"entry\":\"train:f\","
        "\"evaluate\":\"test:f\",\"loss\":\"cross_entropy\",\"batch\":%s}]}",
        f->folder, f->folder, data, train);
}

typedef struct outcome {
    exit_status status;
    const char *calls, *text;
    double weight;
} outcome;

static host_options options_of(fixture *f)
{
    return (host_options){.path = "p.pan", .folders = {f->folder, NULL}, .kernels = 1};
}

static outcome run_plan(fixture *f, const image *im, const char *text, host_options o, double logit,
                        int crs_period)
{
    static machine m;
    m = (machine){.name = "none", .crs_period = crs_period, .variant = 1};
    recorder r = {.base = {&table, im, &m}, .f = f, .logit = logit};
    r.out = open_memstream(&r.text, &r.length);
    char *printed = NULL;
    size_t printed_length = 0;
    o.out = open_memstream(&printed, &printed_length);
    plan *p = plan_parse(f->memory, f->d, o.path, text);
    if (!p)
        fail_msg("%s", fixture_messages(f));
    outcome out = {.status = host_run(f->memory, f->d, &r.base, p, &o)};
    fclose(r.out);
    fclose(o.out);
    out.calls = arena_strdup(f->memory, r.text);
    out.text = arena_strdup(f->memory, printed);
    out.weight = r.w[0];
    free(r.text);
    free(printed);
    return out;
}

static size_t count_lines(const char *text, const char *start)
{
    size_t count = 0;
    for (const char *at = text; at; at = strchr(at, '\n')) {
        at += at != text;
        count += strncmp(at, start, strlen(start)) == 0;
    }
    return count;
}

#define EVERY "\"every\":[{\"period\":1,\"unit\":\"epochs\",\"actions\":[{\"name\":\"test\"}]}]"
#define RATE "\"scalars\":[{\"name\":\"rate\",\"schedule\":0.5,\"scale\":-0.25}]"

/* Batches of 4 out of 10: two per epoch, the rest left out; 3 test examples padded to 4 with 0. */
static void batches_and_padding(void **state)
{
    fixture *f = *state;
    write_data(f);
    const char *text = plan_text(f, ",\"shuffle\":false", "4,\"epochs\":1," RATE "," EVERY);
    outcome o = run_plan(f, fake_image(f, 4, 4), text, options_of(f), 1, 0);
    assert_int_equal(o.status, EXIT_DONE);
    assert_string_equal(o.calls, "train:f 0: 0 1 2 3 / 1,0,0,1,1,0,0,1 rate -0.125\n"
                                 "train:f 1: 4 5 6 7 / 1,0,0,1,1,0,0,1 rate -0.125\n"
                                 "test:f 0: 20 21 22 0\n");
    assert_non_null(strstr(o.text, "test accuracy 0.6667"));
    /* half the examples are of class 1: mean of ln(1 + e) and ln(1 + e) - 1 */
    assert_non_null(strstr(o.text, "loss 0.8133"));
}

static void shuffled_anew_each_epoch(void **state)
{
    fixture *f = *state;
    write_data(f);
    const char *text = plan_text(f, "", "1,\"epochs\":2," RATE);
    host_options o = options_of(f);
    outcome first = run_plan(f, fake_image(f, 1, 1), text, o, 1, 0);
    outcome again = run_plan(f, fake_image(f, 1, 1), text, o, 1, 0);
    assert_string_equal(first.calls, again.calls);
    o.seed_given = true;
    o.seed = 9;
    assert_string_not_equal(run_plan(f, fake_image(f, 1, 1), text, o, 1, 0).calls, first.calls);
    int seen[10] = {0}, value;
    const char *at = first.calls;
    for (int i = 0; i < 10; i++, at = strchr(at, '\n') + 1) {
        assert_int_equal(sscanf(at, "train:f %*d: %d", &value), 1);
        seen[value]++;
    }
    for (int i = 0; i < 10; i++)
        assert_int_equal(seen[i], 1);
    assert_int_not_equal(strncmp(first.calls, at, 60), 0);
}

static void rates_follow_the_epoch(void **state)
{
    fixture *f = *state;
    write_data(f);
    const char *text = plan_text(
        f, ",\"limit\":2",
        "2,\"epochs\":4,\"scalars\":[{\"name\":\"rate\",\"schedule\":{\"kind\":\"step_decay\","
        "\"value\":0.8,\"milestones\":[1,3],\"gamma\":0.5}}]");
    outcome o = run_plan(f, fake_image(f, 2, 1), text, options_of(f), 1, 0);
    assert_int_equal(count_lines(o.calls, "train:f"), 4);
    for (int i = 0; i < 4; i++) {
        static const char *const rates[] = {"rate 0.8\n", "rate 0.4\n", "rate 0.4\n", "rate 0.2\n"};
        o.calls = strstr(o.calls, "rate");
        assert_int_equal(strncmp(o.calls++, rates[i], strlen(rates[i])), 0);
    }
    plan_schedule cosine = {.kind = SCHEDULE_COSINE, .first = 1, .last = 0.1};
    assert_float_equal(schedule_value(&cosine, 0, 11), 1, 1e-12);
    assert_float_equal(schedule_value(&cosine, 5, 11), 0.55, 1e-12);
    assert_float_equal(schedule_value(&cosine, 10, 11), 0.1, 1e-12);
}

static void crs_by_machine_plan_and_option(void **state)
{
    fixture *f = *state;
    write_data(f);
    const char *plain = plan_text(f, "", "2,\"epochs\":3," RATE);
    const char *every =
        plan_text(f, "",
                  "2,\"epochs\":3," RATE ",\"every\":[{\"period\":6,\"unit\":\"examples\","
                  "\"actions\":[{\"name\":\"crs\"}]}]");
    const image *im = fake_image(f, 2, 1);
    host_options o = options_of(f);
    assert_int_equal(count_lines(run_plan(f, im, plain, o, 1, 0).calls, "crs"), 0);
    assert_int_equal(count_lines(run_plan(f, im, plain, o, 1, 10).calls, "crs"), 3);
    assert_int_equal(count_lines(run_plan(f, im, every, o, 1, 10).calls, "crs"), 5);
    o.crs = CRS_EVERY_BATCHES;
    o.crs_period = 4;
    assert_int_equal(count_lines(run_plan(f, im, every, o, 1, 10).calls, "crs"), 3);
    o.crs = CRS_EVERY_OPAS;
    assert_int_equal(count_lines(run_plan(f, im, every, o, 1, 10).calls, "crs"), 7);
    o.crs_period = 0;
    assert_int_equal(count_lines(run_plan(f, im, every, o, 1, 10).calls, "crs"), 0);
}

static void patience_stops(void **state)
{
    fixture *f = *state;
    write_data(f);
    const char *text = plan_text(f, "",
                                 "2,\"epochs\":9," RATE "," EVERY
                                 ",\"stop\":{\"metric\":\"test_accuracy\",\"patience\":2}");
    outcome o = run_plan(f, fake_image(f, 2, 1), text, options_of(f), 1, 0);
    assert_int_equal(count_lines(o.text, "epoch"), 3);
    assert_non_null(strstr(o.text, "stopped: no better test_accuracy for 2 epochs"));
}

#define SAVES                                                                                      \
    "2,\"epochs\":3," RATE ",\"every\":["                                                          \
    "{\"period\":3,\"unit\":\"batches\",\"actions\":[{\"name\":\"save\",\"file\":\"%s/"            \
    "{epoch}-{batch}.safetensors\"},{\"name\":\"crs\"}]},"                                         \
    "{\"period\":1,\"unit\":\"epochs\",\"actions\":[{\"name\":\"test\"},{\"name\":\"log\","        \
    "\"metrics\":[\"loss\",\"test_accuracy\",\"rate\"]}]}]"

/* Resumed anywhere, also in the middle of the actions of one moment, the calls go on the same. */
static void resumed_run_goes_on(void **state)
{
    fixture *f = *state;
    write_data(f);
    const char *text = plan_text(f, "", arena_printf(f->memory, SAVES, f->folder));
    const image *im = fake_image(f, 2, 2);
    outcome whole = run_plan(f, im, text, options_of(f), 1, 0);
    assert_int_equal(whole.status, EXIT_DONE);
    static const char *const saved[] = {"1-3", "2-1", "2-4", "3-2", "3-5"};
    for (size_t i = 0; i < sizeof saved / sizeof *saved; i++) {
        host_options o = options_of(f);
        o.weights = arena_printf(f->memory, "%s/%s.safetensors", f->folder, saved[i]);
        o.resume = true;
        outcome rest = run_plan(f, im, text, o, 1, 0);
        if (rest.status != EXIT_DONE)
            fail_msg("%s", fixture_messages(f));
        size_t all = strlen(whole.calls), part = strlen(rest.calls);
        assert_true(part < all && part > 0);
        assert_string_equal(rest.calls, whole.calls + all - part);
        assert_int_equal(strncmp(rest.calls, "crs\n", 4), 0);
        assert_float_equal(rest.weight, whole.weight, 1e-6);
        const char *last = strstr(whole.text, "epoch   3"), *same = strstr(rest.text, "epoch   3");
        assert_int_equal(strncmp(last, same, strcspn(last, "\n") + 1), 0);
    }
    host_options o = options_of(f);
    o.weights = arena_printf(f->memory, "%s/1-3.safetensors", f->folder);
    o.resume = o.seed_given = true;
    o.seed = 5;
    assert_int_equal(run_plan(f, im, text, o, 1, 0).status, EXIT_INPUT);
    expect_message(f, "it was saved by a run with seed 0, this one has 5");
}

static void wrong_plans_are_named(void **state)
{
    fixture *f = *state;
    write_data(f);
    static const struct {
        const char *data, *train, *message;
        uint32_t batch;
    } cases[] = {
        {"", "3,\"epochs\":1," RATE, "compiled for batches of 2, not 3", 2},
        {",\"limit\":1", "2,\"epochs\":1," RATE, "1 training examples, less than one batch", 2},
        {"", "2,\"epochs\":1", "the plan gives no value for 'rate'", 2},
        {",\"valid\":null",
         "2,\"epochs\":1," RATE ",\"every\":[{\"actions\":[{\"name\":"
         "\"validate\"}]}]",
         "data 'd' has no valid part", 2},
        {"",
         "2,\"epochs\":1," RATE ",\"every\":[{\"actions\":[{\"name\":\"test\",\"entry\":"
         "\"test:g\"}]}]",
         "the image has no entry 'test:g'", 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *text = plan_text(f, cases[i].data, cases[i].train);
        outcome o = run_plan(f, fake_image(f, cases[i].batch, 1), text, options_of(f), 1, 0);
        assert_int_equal(o.status, EXIT_INPUT);
        expect_message(f, cases[i].message);
    }
    fixture_write(f, "train.csv", "0,0\n1,2\n", 8);
    run_plan(f, fake_image(f, 2, 1), plan_text(f, "", "2," RATE), options_of(f), 1, 0);
    expect_message(f, "line 2 has label 2, but classes are 0 to 1");
    fixture_write(f, "train.csv", "0,0,0\n1,1,1\n", 12);
    fixture_write(f, "test.csv", "0,0,0\n1,1,1\n", 12);
    run_plan(f, fake_image(f, 2, 1), plan_text(f, "", "2," RATE), options_of(f), 1, 0);
    expect_message(f, "data 'd' gives 2 elements, but 'x' takes 1");
}

static void plans_are_checked(void **state)
{
    fixture *f = *state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"[]", "it is not a JSON object"},
        {"{\"train\":{}}", "host plan: train: expected a list"},
        {"{\"train\":[{\"data\":\"x\"}]}", "train[0].data: there is no data 'x'"},
        {"{\"data\":{\"d\":{}}}", "data.d.train: expected a source"},
        {"{\"data\":{\"d\":{\"train\":{\"kind\":\"tar\",\"files\":[\"a\"]}}}}",
         "data.d.train.kind: 'tar' is not known here"},
        {"{\"data\":{\"d\":{\"train\":{\"kind\":\"raw\"}}}}",
         "data.d.train.files: expected at least one file"},
        {"{\"data\":{\"d\":{\"train\":{\"kind\":\"raw\",\"files\":[\"a\"]},\"test\":1.5}}}",
         "data.d.test: a fraction of the training part lies between 0 and 1"},
        {"{\"data\":{\"d\":{\"train\":{\"kind\":\"raw\",\"files\":[3]},\"std\":0}}}",
         "element 0 is not a text"},
        {"{\"data\":{\"d\":{\"train\":{\"kind\":\"raw\",\"files\":[\"a\"],\"size\":1e300}}}}",
         "size: expected a whole number"},
        {"{\"train\":[{\"batch\":0}]}", "train[0].batch: expected a whole number from 1"},
        {"{\"train\":[{\"every\":[{\"actions\":[{\"name\":\"save\"}]}]}]}",
         "every[0].actions[0].file"},
        {"{\"train\":[{\"every\":[{\"actions\":[{\"name\":\"log\",\"metrics\":[\"x\"]}]}]}]}",
         "'x' is not a metric"},
        {"{\"deploy\":{\"variant\":4}}", "deploy.variant: expected a whole number from 0 to 3"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_null(plan_parse(f->memory, f->d, "p", cases[i].text));
        expect_message(f, cases[i].message);
    }
    plan *empty = plan_parse(f->memory, f->d, "p", "");
    assert_non_null(empty);
    assert_int_equal(empty->train_count, 0);
}

int main(void)
{
#define TEST_CASE(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)
    const struct CMUnitTest tests[] = {
        TEST_CASE(batches_and_padding),    TEST_CASE(shuffled_anew_each_epoch),
        TEST_CASE(rates_follow_the_epoch), TEST_CASE(crs_by_machine_plan_and_option),
        TEST_CASE(patience_stops),         TEST_CASE(resumed_run_goes_on),
        TEST_CASE(wrong_plans_are_named),  TEST_CASE(plans_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
