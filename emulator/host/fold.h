/*
 * Vectors that are folded into the matrix of the layer before them (image.h): batch_norm with
 * frozen statistics behind a convolution or a dense layer. The matrix holds the product of both;
 * read back, the layer has it all and the folded vectors are the identity, so that a saved file
 * computes the same function wherever the two layers are one after the other. Where the layer has no
 * bias of its own, the bias is read as the SHIFT.
 */
#ifndef PANTHER_EMULATOR_HOST_FOLD_H
#define PANTHER_EMULATOR_HOST_FOLD_H

#include "isa/image.h"

#define FOLD_LEAST_VARIANCE 1e-30 /* of VAR + eps, below which files are refused */

/* Folded vectors of one matrix. */
typedef struct weight_fold weight_fold;

/* Notes the values of t, one per output; the first call for a matrix has NULL for `fold`. */
weight_fold *fold_take(arena *memory, weight_fold *fold, const image_tensor *t,
                       const image_matrix *m, const double *values);
void fold_apply(const weight_fold *fold, const image_matrix *m, double *w);

/* Whether the matrix holds the elements of t: it is not folded, or is the SHIFT of no other bias. */
bool fold_holds(const image *im, const image_tensor *t);
/* What the elements of t are where the matrix does not hold them. */
double fold_identity(const image_tensor *t);

#endif
