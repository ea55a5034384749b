/*
 * The checked program: what the checker hands to graph building and to the host plan. Every name is
 * resolved, every `def` expanded, every shape and binary point known; what is left of a body is one
 * flat list of operations with types. Everything lives in the arena of the compilation.
 */
#ifndef PANTHER_FRONTEND_LANGUAGE_PROGRAM_H
#define PANTHER_FRONTEND_LANGUAGE_PROGRAM_H

#include "isa/support/arena.h"
#include "isa/support/source.h"

#include <stdbool.h>
#include <stdint.h>

/* ---- types ---- */

typedef enum pan_kind { PAN_SCALAR, PAN_VEC, PAN_MAP, PAN_SEQ, PAN_LABEL, PAN_MATRIX } pan_kind;

/*
 * Of one example. dim: vec {n}, map {channels, height, width}, label {classes}, matrix {rows,
 * columns}; of a seq those of its element, whose kind is scalar, vec or label.
 */
typedef struct pan_type {
    pan_kind kind, element;
    int64_t steps;
    int64_t dim[3];
} pan_type;

enum { PAN_Q_ACTIVATION = 9, PAN_Q_WEIGHT = 26, PAN_Q_ERROR = 14, PAN_Q_STATE = 12 };

int64_t pan_type_elements(const pan_type *t);  /* numbers in one example; a label counts as one */
int64_t pan_type_width(const pan_type *t);     /* lanes of one position or step, or classes */
int64_t pan_type_positions(const pan_type *t); /* positions of a map, steps of a seq, else 1 */
bool pan_type_equal(const pan_type *a, const pan_type *b);
const char *pan_type_text(arena *memory, const pan_type *t); /* as one would write it */

/* ---- formats as set in deploy ---- */

typedef enum pan_format_kind {
    PAN_FORMAT_ACTIVATION, /* of a layer's result, of W @ x */
    PAN_FORMAT_WEIGHT,
    PAN_FORMAT_ERROR,      /* of the error of that result, of W.T @ d in a kernel */
    PAN_FORMATS
} pan_format_kind;

extern const char *const pan_format_names[PAN_FORMATS];

typedef struct pan_format_set {
    bool given[PAN_FORMATS];
    int q[PAN_FORMATS];
    uint32_t item[PAN_FORMATS]; /* whose `place` said so */
    source_range where[PAN_FORMATS];
} pan_format_set;

/* The format that was set, or -1. */
int pan_format(const pan_format_set *set, pan_format_kind kind);

/* ---- parameters ---- */

typedef enum pan_init_kind { PAN_INIT_CONSTANT, PAN_INIT_UNIFORM, PAN_INIT_NORMAL } pan_init_kind;

/* Copies of a layer that share its positions. */
typedef struct pan_copies {
    int64_t count;      /* 0: not set */
    source_range where; /* nowhere: on the command line */
} pan_copies;

typedef struct pan_param {
    const char *path; /* names the tensor in files */
    uint32_t rank;    /* 1: a vec; 2: a matrix; 4: a convolution's weights */
    int64_t shape[4];
    pan_init_kind init;
    double init_value;
    int q;
    int q_written;    /* -1: the default */
    pan_format_set formats; /* of one that is not a layer's */
    bool shared;      /* declared at top level */
    bool statistic;   /* mean and var of batch_norm: stored, not trained and not counted */
    uint32_t layer;   /* index in pan_program.layers, or PAN_NONE */
    uint32_t item;    /* index of the network or kernel it belongs to; PAN_NONE if shared */
    pan_copies copies; /* of a parameter without a layer */
    source_range where;
} pan_param;

#define PAN_NONE UINT32_MAX

/* An instance of a built-in layer. */
typedef struct pan_layer {
    const char *path;
    uint32_t item;
    uint32_t op; /* in the item's body */
    pan_format_set formats;
    pan_copies copies;
    source_range where;
} pan_layer;

/* ---- bodies ---- */

typedef enum pan_opcode {
    PAN_INPUT,      /* formal `index` of the item (or of a loss: 0 output, 1 target) */
    PAN_CONST,      /* number, in every lane */
    PAN_PARAM,      /* a vec parameter read as a value */
    PAN_MATVEC,     /* W @ x, W.T @ x if transposed */
    PAN_CAST,       /* args[0] in another format */
    PAN_DENSE,      /* params: weight, bias */
    PAN_CONV2D,     /* params: weight, bias; attributes below */
    PAN_BATCH_NORM, /* params: weight, bias, mean, var; number is eps */
    PAN_RNN,
    PAN_LSTM,
    PAN_GRU,
    PAN_MAX_POOL,
    PAN_AVG_POOL,
    PAN_GLOBAL_AVG_POOL,
    PAN_FLATTEN,
    PAN_RESHAPE,
    PAN_CONCAT,
    PAN_LAST,
    PAN_REVERSE,
    PAN_ONE_HOT,
    PAN_PATCHES,
    PAN_FOLD,
    PAN_SLICE, /* elements or channels first .. first + width of the type */
    PAN_RELU,
    PAN_LEAKY_RELU, /* number is the slope */
    PAN_SIGMOID,
    PAN_TANH,
    PAN_EXP,
    PAN_LOG,
    PAN_SQRT,
    PAN_ABS,
    PAN_SIGN,
    PAN_NEG,
    PAN_MIN,
    PAN_MAX,
    PAN_CLAMP, /* x, low, high */
    PAN_WHERE, /* mask, a, b */
    PAN_BERNOULLI,
    PAN_SOFTMAX,
    PAN_SUM,
    PAN_MEAN,
    PAN_DOT,
    PAN_ADD,
    PAN_SUB,
    PAN_MUL,
    PAN_DIV,
    PAN_LT,
    PAN_GT,
    PAN_LE,
    PAN_GE,
    PAN_EQ,
    PAN_NE,
    PAN_CROSS_ENTROPY, /* output, target */
    PAN_MSE,           /* output, target */
    PAN_UPDATE,        /* params[0] += outer(args[0], args[1]); a vec parameter has no args[1] */
    PAN_SCAN_BEGIN,    /* opens a loop over steps; args are the seqs it walks */
    PAN_SCAN_ITEM,     /* inside: the element of this step of args[0] */
    PAN_STATE,         /* inside: args[0] at step 0, later the value PAN_STATE_NEXT set */
    PAN_STATE_NEXT,    /* inside: args[0] (a PAN_STATE) becomes args[1] */
    PAN_SCAN_END,      /* closes it; args are the yielded values */
    PAN_SCAN_RESULT,   /* args[0] is the PAN_SCAN_END, index which yield */
    PAN_OPCODES
} pan_opcode;

/* What conv2d, pools, patches and fold do to rows and columns. */
typedef struct pan_window {
    int64_t kernel[2], stride[2], padding[2], groups;
} pan_window;

typedef struct pan_op {
    pan_opcode code;
    pan_type type;
    int q;          /* binary point of the result */
    int q_written;  /* -1: q is a default */
    bool number;    /* a compile-time number brought into the program */
    bool mask;      /* made of zeros and ones by comparisons */
    bool transposed;
    uint32_t *args; /* earlier ops of the same body */
    uint32_t arg_count;
    uint32_t params[4];
    uint32_t param_count;
    uint32_t layer; /* index in pan_program.layers, or PAN_NONE */
    uint32_t index; /* formal, yield or (PAN_SLICE) first element */
    /* For the column operand of an update: the op whose format is the row's, and the parameter. */
    bool column;
    uint32_t row, target;
    double value;
    pan_window window;
    source_range where;
    const char *path; /* of the instance it was expanded in; "" at the top */
} pan_op;

typedef struct pan_body {
    pan_op *ops;
    size_t count, capacity;
    uint32_t *results; /* ops that are returned */
    size_t result_count;
} pan_body;

typedef struct pan_formal {
    const char *name;
    pan_type type;
    int q_written;
    uint32_t op; /* its PAN_INPUT */
    source_range where;
} pan_formal;

typedef enum pan_item_kind { PAN_NETWORK, PAN_KERNEL } pan_item_kind;

/* A network or kernel. */
typedef struct pan_item {
    pan_item_kind kind;
    const char *name;
    source_range where;
    pan_formal *formals;
    size_t formal_count;
    pan_body body;
    uint32_t *params; /* every parameter it reads or updates */
    size_t param_count, param_capacity;
    bool compiled; /* named by train, place or test of the main file (or none is named) */
} pan_item;

/* ---- data and training ---- */

typedef struct pan_source {
    const char *kind; /* idx, npy, raw, cifar10, cifar100, csv, text */
    const char **files;
    size_t file_count;
    int64_t label;    /* csv: column of the class, -1: none */
    int64_t *targets; /* csv: columns of the target */
    size_t target_count;
    int64_t skip, window, size;
} pan_source;

/* A number, or one per channel or feature. */
typedef struct pan_numbers {
    double *items;
    size_t count;
    bool list;
} pan_numbers;

typedef struct pan_part {
    bool given;
    double fraction; /* of train, if source is NULL */
    pan_source *source;
} pan_part;

typedef struct pan_data {
    const char *name, *base; /* folder of the file it was written in */
    source_range where;
    pan_source *train;
    pan_part test, valid;
    int64_t seed, limit; /* limit -1: none */
    pan_numbers scale, mean, std;
    bool standardize, shuffle, flip;
    int64_t crop; /* padding, -1: none */
} pan_data;

typedef enum pan_schedule_kind {
    PAN_SCHEDULE_NUMBER,
    PAN_SCHEDULE_STEP_DECAY,
    PAN_SCHEDULE_COSINE
} pan_schedule_kind;

typedef struct pan_schedule {
    pan_schedule_kind kind;
    double first, last; /* number and step_decay: first */
    double gamma;
    int64_t *milestones;
    size_t milestone_count;
} pan_schedule;

typedef struct pan_scalar {
    const char *name;
    pan_schedule schedule;
    double scale; /* the host sends schedule * scale */
    int q;
} pan_scalar;

typedef struct pan_action {
    const char *name;    /* test, validate, save, crs, log */
    const char *network; /* test(network) or NULL */
    const char *file;    /* save */
    const char **metrics;
    size_t metric_count;
} pan_action;

typedef struct pan_every {
    int64_t period;
    const char *unit; /* batches, epochs, examples */
    pan_action *actions;
    size_t action_count, action_capacity;
} pan_every;

typedef struct pan_train {
    uint32_t item, data; /* indices */
    source_range where;
    const char *loss; /* cross_entropy, mse, a def's name; NULL for a kernel */
    pan_body loss_body; /* PAN_INPUT 0 is the output, 1 the target; one scalar result */
    pan_type target;    /* of a network */
    pan_scalar *scalars;
    size_t scalar_count;
    int64_t batch, epochs, seed;
    const char *weights, *base; /* folder `weights` is relative to */
    const char **freeze; /* patterns */
    size_t freeze_count;
    const char *stop_metric; /* NULL: none */
    int64_t stop_patience;
    pan_every *every;
    size_t every_count, every_capacity;
} pan_train;

/* ---- deployment ---- */

typedef struct pan_ints {
    int64_t *items;
    size_t count;
} pan_ints;

typedef struct pan_layer_setting {
    const char *pattern, *mapping; /* mapping NULL: not set */
    int64_t copies;                /* 0: not set */
    pan_ints tiles;
    int formats[PAN_FORMATS]; /* -1: not set */
    source_range where;
} pan_layer_setting;

typedef struct pan_place {
    uint32_t item;
    pan_ints tiles, nodes;
    double share;
    pan_layer_setting *layers;
    size_t layer_count, layer_capacity;
    source_range where;
} pan_place;

typedef struct pan_deploy {
    const char *machine, *slices, *opa_mode, *fidelity; /* NULL: not set */
    const char *base;                                   /* folder the machine path is relative to */
    int64_t variant;                                    /* 0: not set */
    pan_place *places;
    size_t place_count, place_capacity;
} pan_deploy;

typedef struct pan_program {
    arena *memory;
    source_set *sources;
    const char *path;
    pan_item *items;
    size_t item_count, item_capacity;
    pan_param *params;
    size_t param_count, param_capacity;
    pan_layer *layers;
    size_t layer_count, layer_capacity;
    pan_data *data;
    size_t data_count, data_capacity;
    pan_train *trains;
    size_t train_count, train_capacity;
    pan_deploy deploy;
} pan_program;

/* The format set for what an op makes of a layer or parameter, or -1. */
int pan_op_format(const pan_program *p, const pan_op *op, pan_format_kind kind);

/* Numbers in the trained parameters of an item. */
int64_t pan_item_parameters(const pan_program *p, const pan_item *item);
const pan_item *pan_find_item(const pan_program *p, const char *name); /* or NULL */

/* Whether `pattern` (in which `*` is any text) matches all of `text`. */
bool pan_matches(const char *pattern, const char *text);

#endif
