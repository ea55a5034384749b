/* The operators. */
#include "frontend/onnx/import.h"

#include <string.h>

static const op_row rows[] = {
    /* type, of a value, of constants, inputs from .. to, outputs that may be used */
    {"Conv", import_conv, NULL, 2, 3, 1},
    {"Gemm", import_gemm, NULL, 2, 3, 1},
    {"MatMul", import_matmul, NULL, 2, 2, 1},
    {"BatchNormalization", import_batch_norm, NULL, 5, 5, 1},
    {"Add", import_binary, fold_binary, 2, 2, 1},
    {"Sub", import_binary, fold_binary, 2, 2, 1},
    {"Mul", import_binary, fold_binary, 2, 2, 1},
    {"Div", import_binary, fold_binary, 2, 2, 1},
    {"Relu", import_each, NULL, 1, 1, 1},
    {"Sigmoid", import_each, NULL, 1, 1, 1},
    {"Tanh", import_each, NULL, 1, 1, 1},
    {"Exp", import_each, NULL, 1, 1, 1},
    {"Log", import_each, NULL, 1, 1, 1},
    {"Sqrt", import_each, NULL, 1, 1, 1},
    {"Abs", import_each, NULL, 1, 1, 1},
    {"Sign", import_each, NULL, 1, 1, 1},
    {"LeakyRelu", import_leaky_relu, NULL, 1, 1, 1},
    {"Softmax", import_softmax, NULL, 1, 1, 1},
    {"MaxPool", import_pool, NULL, 1, 1, 1},
    {"AveragePool", import_pool, NULL, 1, 1, 1},
    {"GlobalAveragePool", import_global_pool, NULL, 1, 1, 1},
    {"RNN", import_recurrent, NULL, 3, 6, 2},
    {"LSTM", import_recurrent, NULL, 3, 8, 2},
    {"GRU", import_recurrent, NULL, 3, 6, 2},
    {"Flatten", import_flatten, fold_flatten, 1, 1, 1},
    {"Reshape", import_reshape, fold_reshape, 2, 2, 1},
    {"Squeeze", import_squeeze, fold_squeeze, 1, 2, 1},
    {"Unsqueeze", import_unsqueeze, fold_unsqueeze, 1, 2, 1},
    {"Transpose", import_transpose, fold_transpose, 1, 1, 1},
    {"Concat", import_concat, fold_concat, 1, SIZE_MAX, 1},
    {"Gather", import_gather, fold_gather, 2, 2, 1},
    {"Shape", import_shape, fold_shape, 1, 1, 1},
    {"Identity", import_same, fold_same, 1, 1, 1},
    {"Dropout", import_same, fold_same, 1, 3, 1},
    {"Pad", import_pad, NULL, 1, 4, 1},
    {"Cast", import_cast, fold_cast, 1, 1, 1},
    {"Constant", NULL, fold_constant, 0, 0, 1},
    {"ConstantOfShape", NULL, fold_fill, 1, 1, 1},
    {"Expand", NULL, fold_expand, 2, 2, 1},
};

const op_row *op_find(const char *type)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].type, type) == 0)
            return &rows[i];
    return NULL;
}
