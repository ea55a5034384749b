/*
 * Weights by the names of the model: first values, files, and the state that a resumed run needs.
 *
 * A tensor (or part of one) is rows x columns of one matrix; its values here are in the model's
 * order, tensor[j][i] = values[j * rows + i] for output j and element i (PyTorch's layout of a
 * weight). A convolution's matrix has them in another order (image.h), a file never.
 */
#ifndef PANTHER_EMULATOR_HOST_WEIGHTS_H
#define PANTHER_EMULATOR_HOST_WEIGHTS_H

#include "emulator/host/engine.h"
#include "emulator/host/safetensors.h"

/* Draws the first values of a tensor (rows x columns of them). */
void weights_init_tensor(const image_tensor *t, uint64_t seed, double *values);

/* Gives every tensor its first values; what no tensor covers is 0. */
void weights_init(engine *e, uint64_t seed);

/*
 * Sets all tensors from a file, then the digits if it holds them and with_digits is set. False with
 * errors in d (a tensor is missing, has another shape or element type, digits do not fit).
 */
bool weights_load(engine *e, const safetensors *file, bool with_digits, diag *d);

/*
 * The values of one tensor, with all its parts; the name is one of the image's. Writing it writes the
 * matrices that hold parts of it anew, which leaves no carries in them.
 */
void weights_read_tensor(engine *e, const char *name, double *values);
void weights_write_tensor(engine *e, const char *name, const double *values);

/*
 * Whether a tensor has no weight of its own because it is folded into a matrix (fold.h): it reads
 * as the identity, and only a file can give it values.
 */
bool weights_folded(const image *im, const char *name);

/* Adds all tensors as F32, and the digits of every block as I16 if the engine has them. */
void weights_store(engine *e, safetensors *file);

#endif
