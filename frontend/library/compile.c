/* Images: from program text, from files, to files. */
#include "backend/backend.h"
#include "frontend/language/language.h"
#include "frontend/library/library.h"
#include "frontend/library/numerics.h"
#include "isa/support/file.h"
#include "passes/passes.h"

#include <stdlib.h>
#include <string.h>

static const size_t FILE_LIMIT = (size_t)1 << 32;

ir_numerics machine_numerics(const machine *m)
{
    return (ir_numerics){.slices = m->slices,
                         .mode = m->opa_mode,
                         .rounding = m->rounding,
                         .q_activation = (uint8_t)m->q_activation,
                         .q_weight = (uint8_t)m->q_weight,
                         .q_error = (uint8_t)m->q_error};
}

static panther_image *new_image(panther *p)
{
    arena *memory = arena_new();
    panther_image *img = ARENA_NEW(memory, panther_image);
    img->owner = p;
    img->memory = memory;
    img->sources = source_set_new(memory);
    img->d = diag_new(memory, img->sources);
    img->next = p->images;
    p->images = img;
    return img;
}

void panther_free_image(panther_image *img)
{
    if (!img)
        return;
    while (img->emulators)
        panther_stop(img->emulators);
    for (panther_image **at = &img->owner->images; *at; at = &(*at)->next)
        if (*at == img) {
            *at = img->next;
            break;
        }
    arena_free(img->memory);
}

/* The parameters by name, each once, however many matrices hold parts of it. */
static void list_tensors(panther_image *img)
{
    for (uint32_t i = 0; i < img->im->tensor_count; i++) {
        const image_tensor *t = &img->im->tensors[i];
        panther_tensor row = {.name = t->name, .rank = t->rank, .elements = 1};
        for (uint32_t k = 0; k < t->rank && k < 4; k++) {
            row.dims[k] = t->dims[k];
            row.elements *= t->dims[k];
        }
        if (t->first == 0) /* the part that begins the tensor */
            ARENA_PUSH(img->memory, img->tensors, img->tensor_count, img->tensor_capacity,
                       row);
    }
}

/* The image if it is complete, else NULL; what was said goes to the owner either way. */
static panther_image *finish(panther_image *img)
{
    library_take(img->owner, img->d);
    if (img->im && img->machine) {
        list_tensors(img);
        return img;
    }
    panther_free_image(img);
    return NULL;
}

static plan_deploy deploy_of(const pan_program *program)
{
    const pan_deploy *d = &program->deploy;
    return (plan_deploy){.machine = d->machine,
                         .base = d->base,
                         .slices = d->slices,
                         .opa_mode = d->opa_mode,
                         .fidelity = d->fidelity,
                         .variant = d->variant};
}

/* GOALS: there is no such goal. */
static pass_goal goal_of(const char *word)
{
    int goal = 0;
    while (goal < GOALS && strcmp(word, pass_goal_names[goal]) != 0)
        goal++;
    return (pass_goal)goal;
}

static void compile(panther_image *img, const char *path, const char *text, size_t length,
                    const panther_options *o)
{
    pan_program *program = pan_check(img->memory, img->sources, img->d, path, text, length);
    if (!program)
        return;
    if (o)
        pan_apply(program, &(pan_options){.batch = o->batch,
                                          .machine = o->machine,
                                          .slices = o->slices,
                                          .opa_mode = o->opa_mode,
                                          .fidelity = o->fidelity,
                                          .variant = o->variant});
    const char *error = o && o->copies ? pan_apply_copies(program, o->copies) : NULL;
    if (error) {
        diag_file_error(img->d, path, "copies: %s", error);
        return;
    }
    plan_deploy deploy = deploy_of(program);
    machine *m = library_choose(img->memory, img->d, &deploy, o, "panther");
    if (!m)
        return;
    ir_numerics numerics = machine_numerics(m);
    pass_options passes = {.goal = o && o->optimize ? goal_of(o->optimize) : GOAL_BALANCE};
    ir_module *module = pan_build(program, &numerics, img->d);
    if (!module || !passes_run(module, m, img->memory, img->d, &passes, NULL, NULL))
        return;
    const char *host = pan_plan_json(program, img->memory);
    img->im = backend_build(img->memory, module, m, host, img->d);
    img->machine = m;
}

/* NULL if the options are sound, else what is wrong. */
static const char *check_options(const panther_options *o)
{
    if (o && (o->variant < 0 || o->variant > 3))
        return "variant is 1, 2 or 3 (0: as the program says)";
    if (o && (o->batch < 0 || o->batch > 1 << 20))
        return "batch is at least 1 and at most 2^20 (0: as the program says)";
    if (o && o->optimize && goal_of(o->optimize) == GOALS)
        return "optimize is 'balance', 'time' or 'energy' (NULL: balance)";
    return NULL;
}

panther_image *panther_compile_text(panther *p, const char *name, const char *text,
                                    const panther_options *options)
{
    const char *wrong = check_options(options);
    if (wrong) {
        library_usage(p, "%s", wrong);
        return NULL;
    }
    panther_image *img = new_image(p);
    compile(img, arena_strdup(img->memory, name), text, strlen(text), options);
    return finish(img);
}

static char *read_file(panther_image *img, const char *path, size_t *length)
{
    const char *error = NULL;
    char *bytes = file_read(img->memory, path, FILE_LIMIT, length, &error);
    if (!bytes)
        diag_file_error(img->d, path, "%s", error);
    return bytes;
}

panther_image *panther_compile_file(panther *p, const char *path, const panther_options *options)
{
    const char *wrong = check_options(options);
    if (wrong) {
        library_usage(p, "%s", wrong);
        return NULL;
    }
    size_t length;
    panther_image *img = new_image(p);
    char *text = read_file(img, path, &length);
    if (text)
        compile(img, arena_strdup(img->memory, path), text, length, options);
    return finish(img);
}

static void load(panther_image *img, const char *path, const panther_options *o)
{
    size_t length;
    char *bytes = read_file(img, path, &length);
    img->im = bytes ? image_decode(img->memory, img->d, path, bytes, length) : NULL;
    const char *plan_text = img->im && img->im->plan ? img->im->plan : "";
    plan *pl = img->im ? plan_parse(img->memory, img->d, path, plan_text) : NULL;
    if (!pl)
        return;
    const char *name = img->im->machine_name && img->im->machine_name[0]
                           ? img->im->machine_name
                           : "panther";
    pl->deploy.opa_mode = opa_mode_names[img->im->opa_mode];
    machine *m = library_choose(img->memory, img->d, &pl->deploy, o, name);
    if (!m)
        return;
    if (m->opa_mode != img->im->opa_mode)
        diag_file_error(img->d, path, "the image was compiled for opa mode %s",
                        opa_mode_names[img->im->opa_mode]);
    else if (image_fits_machine(img->im, m, img->d, path) &&
             image_validate(img->im, m, img->d, path))
        img->machine = m;
}

panther_image *panther_load_image(panther *p, const char *path, const panther_options *options)
{
    const char *wrong = check_options(options);
    if (!wrong && options && options->batch)
        wrong = "an image has the batch it was compiled for";
    if (wrong) {
        library_usage(p, "%s", wrong);
        return NULL;
    }
    panther_image *img = new_image(p);
    load(img, arena_strdup(img->memory, path), options);
    return finish(img);
}

panther_status panther_save_image(panther_image *img, const char *path)
{
    const char *error = image_write(img->memory, img->im, path);
    if (error)
        diag_file_error(img->d, path, "%s", error);
    library_take(img->owner, img->d);
    return error ? PANTHER_INPUT : PANTHER_DONE;
}
