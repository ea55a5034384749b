/*
 * The importer: ONNX values become constants or expressions of the language. Shared by the files of
 * this folder.
 *
 * ONNX keeps a batch dimension somewhere; the language has none. What ties the two together is one
 * invariant: the elements of a run-time value, for one example and in row-major order, are the same
 * in both, whatever the shapes. So reshaping costs nothing until an operator needs a certain type.
 * A transposition that really moves elements is kept as a permutation (`order`) until a matrix
 * product takes it into its weights.
 */
#ifndef PANTHER_FRONTEND_ONNX_IMPORT_H
#define PANTHER_FRONTEND_ONNX_IMPORT_H

#include "frontend/onnx/model.h"
#include "frontend/onnx/names.h"
#include "frontend/onnx/onnx.h"
#include "frontend/onnx/tensor.h"

/* A type of the language: dims are [n], [steps, n] or [channels, height, width]. */
typedef enum type_kind { TYPE_VEC = 1, TYPE_SEQ = 2, TYPE_MAP = 3 } type_kind;

typedef struct pan_shape {
    type_kind kind; /* also the number of dims */
    int64_t dim[3];
} pan_shape;

/* A dense or conv2d whose text is not final: a bias or a normalisation may still be taken in. */
typedef struct layer {
    const char *path, *head; /* "dense(flatten(x), 10" */
    size_t rank, shape[4];   /* of weight; shape[0]: outputs */
    float *weight;
    float *bias; /* or NULL */
} layer;

typedef struct expression {
    pan_shape type;
    const char *text; /* a name once it is named */
    bool named, call; /* call: needs no parentheses */
    layer *layer;     /* or NULL */
} expression;

typedef enum value_kind { VALUE_FAILED, VALUE_CONSTANT, VALUE_RUN } value_kind;

typedef struct value {
    const char *name; /* in ONNX */
    value_kind kind;
    size_t uses; /* by nodes and as results */
    size_t rank; /* VALUE_RUN: dims in ONNX, the batch included */
    int64_t dims[TENSOR_RANK];
    int batch;             /* which of them, or -1 */
    const uint32_t *order; /* element i here is element order[i] of the expression; or NULL */
    expression *e;
    const tensor *constant;
} value;

typedef struct importer {
    arena *memory;
    diag *d;
    const char *path;
    const onnx_options *options;
    const Onnx__GraphProto *graph;
    int64_t opset;
    name_map values;    /* ONNX name -> index in list */
    name_map names, paths; /* of the program: values; layers */
    value **list;       /* made so far */
    size_t count, capacity;
    name_map use_counts; /* ONNX name -> uses */
    const char **lines;  /* of the network's body */
    size_t line_count, line_capacity;
    layer **layers;
    size_t layer_count, layer_capacity;
    size_t other_layers; /* that are not in layers */
    const char **refused; /* "Resize 'up': ..." */
    size_t refused_count, refused_capacity;
    size_t elements_left; /* that may still be copied or computed */
    bool recurrent;       /* whether the graph has a recurrent layer */
    safetensors *weights;
} importer;

typedef struct op_row op_row;

/* One node while it is imported. */
typedef struct op_node {
    importer *m;
    const Onnx__NodeProto *proto;
    const op_row *row;
    value **in; /* NULL where an input is left out */
    size_t in_count;
} op_node;

struct op_row {
    const char *type;
    bool (*apply)(op_node *n); /* makes output 0 ..; false after op_refuse */
    bool (*fold)(op_node *n);  /* the same when all inputs are constants; or NULL */
    size_t low, high;          /* inputs */
    size_t outputs;            /* that may be used */
};

const op_row *op_find(const char *type);

/* ---- nodes (node.c) ---- */

/* Notes why the node cannot be expressed, and returns false. */
bool op_refuse(op_node *n, const char *format, ...) __attribute__((format(printf, 2, 3)));

value *op_input(const op_node *n, size_t i); /* NULL if left out */
bool op_wants(const op_node *n, size_t output); /* whether anything uses that output */

/* Attributes; `otherwise` if there is none. A wrong type is a refusal: *good becomes false. */
int64_t op_int(op_node *n, const char *name, int64_t otherwise, bool *good);
double op_real(op_node *n, const char *name, double otherwise, bool *good);
const char *op_string(op_node *n, const char *name, const char *otherwise, bool *good);
/* Number of integers, at most `most`; they go to out. 0 if there are none. */
size_t op_ints(op_node *n, const char *name, int64_t *out, size_t most, bool *good);
const Onnx__AttributeProto *op_attribute(const op_node *n, const char *name);

/* The integers of a constant input; false after op_refuse if it is not constant. */
bool op_ints_input(op_node *n, size_t i, const char *what, int64_t *out, size_t most,
                   size_t *count);
/* A constant input as a tensor; NULL after op_refuse. */
const tensor *op_constant(op_node *n, size_t i, const char *what);
/* Zeroed memory, counted against the importer's limit; NULL after op_refuse. */
float *op_floats(op_node *n, size_t count);
bool op_counts(op_node *n, size_t count); /* the limit alone */
/* The axis in 0 .. rank - 1; false after op_refuse. */
bool op_axis(op_node *n, int64_t axis, size_t rank, size_t *out);

/* ---- values (value.c) ---- */

/* Output i of the node as a new value; NULL if it has no name. */
value *value_output(op_node *n, size_t i);
void value_constant(op_node *n, size_t i, const tensor *t);
/* Output 0, or output i, as an expression with the dims of `like` (NULL: the caller sets them). */
value *value_call(op_node *n, const value *like, pan_shape type, const char *text);
value *value_call_at(op_node *n, size_t i, const value *like, pan_shape type, const char *text);
/* A new line of the network: the text under a name made of this one. */
const char *value_line(importer *m, const char *name, const char *text);
/* Output 0 as the same expression as `from`, with other dims. */
value *value_alias(op_node *n, value *from, const int64_t *dims, size_t rank, int batch);

pan_shape type_vec(int64_t n);
pan_shape type_seq(int64_t steps, int64_t n);
pan_shape type_map(int64_t c, int64_t h, int64_t w);
bool type_equal(const pan_shape *a, const pan_shape *b);
const char *type_text(arena *memory, const pan_shape *t);

size_t value_elements(const value *v); /* of one example */
/* The dims without the batch; returns their number. */
size_t value_inner(const value *v, int64_t dims[TENSOR_RANK]);
int64_t value_batch(const value *v); /* its size; 1 if there is none */

/* The expression's text as an argument; as this type; and, where an operator follows it. */
const char *value_text(importer *m, value *v);
const char *value_as(importer *m, value *v, pan_shape type);
const char *value_operand(importer *m, value *v, pan_shape type);
/* For anything but a matrix product: refuses a value whose elements are transposed. */
bool value_plain(op_node *n, const value *v);
/* Whether a layer's bias or normalisation can still go into the expression. */
bool value_open(const value *v);

/* A number that the language reads back; NULL if it is none. */
const char *number_text(arena *memory, double v);

/* ---- layers (layer.c) ---- */

/* A new layer; its path comes from the weight's name or the node's. */
layer *layer_new(op_node *n, const tensor *weight, const char *head);
const char *layer_path(op_node *n, const tensor *weight);
const char *layer_text(arena *memory, const layer *l);
bool layer_take_bias(op_node *n, value *v, const float *bias, double factor);
void layer_tensor(importer *m, const char *path, const char *name, const size_t *shape,
                  size_t rank, const float *values);
void layers_finish(importer *m);

/* ---- operators (op_*.c) ---- */

bool import_conv(op_node *n), import_gemm(op_node *n), import_matmul(op_node *n),
    import_batch_norm(op_node *n);
bool import_each(op_node *n), import_leaky_relu(op_node *n), import_softmax(op_node *n),
    import_same(op_node *n), import_cast(op_node *n), import_pad(op_node *n);
bool import_binary(op_node *n), fold_binary(op_node *n);
bool import_pool(op_node *n), import_global_pool(op_node *n);
bool import_reshape(op_node *n), import_flatten(op_node *n), import_squeeze(op_node *n),
    import_unsqueeze(op_node *n), import_transpose(op_node *n), import_concat(op_node *n),
    import_gather(op_node *n), import_shape(op_node *n);
bool fold_reshape(op_node *n), fold_flatten(op_node *n), fold_squeeze(op_node *n),
    fold_unsqueeze(op_node *n), fold_transpose(op_node *n), fold_concat(op_node *n),
    fold_gather(op_node *n), fold_shape(op_node *n), fold_same(op_node *n), fold_cast(op_node *n),
    fold_constant(op_node *n), fold_fill(op_node *n), fold_expand(op_node *n);
bool import_recurrent(op_node *n);

/* ---- shared by folding and shapes (shape.c) ---- */

/* The dims that Reshape's list makes of `count` elements in dims; false after op_refuse. */
bool shape_target(op_node *n, const int64_t *dims, size_t rank, size_t count, int64_t *out,
                  size_t *out_rank);
/* Dims of numpy's broadcast; false if they do not fit. */
bool shape_broadcast(const int64_t *a, size_t a_rank, const int64_t *b, size_t b_rank,
                     int64_t *out, size_t *rank);
/* Transpose's axes, checked. */
bool shape_permutation(op_node *n, size_t rank, int64_t *perm);
/* A new constant, counted against the importer's limit; NULL after op_refuse. */
tensor *shape_tensor(op_node *n, const int64_t *dims, size_t rank, double **values);
/* Where element i of `dims` stands in a tensor of the (not larger) dims from, broadcast to it. */
size_t shape_source(const int64_t *dims, size_t rank, const int64_t *from, size_t from_rank,
                    size_t i);

/* ---- windows (window.c) ---- */

typedef struct window {
    size_t axes; /* 2, or 1 of an ONNX value with one spatial axis: index 0 is then a dummy */
    int64_t in[2], kernel[2], stride[2], dilation[2], begin[2], end[2], out[2];
} window;

/* Reads and checks the attributes; kernel: from the weight, or NULL for kernel_shape. */
bool window_read(op_node *n, const value *x, const int64_t *kernel, window *w);
/* The map that a value of rank 3 or 4 is; false after op_refuse. */
bool window_map(op_node *n, const value *x, pan_shape *map);
/* ", kernel = 3, stride = 2, padding = [0, 1]", what is default left out (of a pool: kernel). */
const char *window_text(arena *memory, const int64_t kernel[2], const int64_t stride[2],
                        const int64_t padding[2], bool pool);
/* dims of the result, with that many channels. */
void window_dims(const value *x, const window *w, int64_t channels, value *out);

#endif
