/*
 * NumPy's .npy format: "\x93NUMPY", version, the length of a header, the header (a Python
 * dictionary of descr, fortran_order and shape) and the elements. Files come from anywhere: all is
 * checked.
 */
#ifndef PANTHER_EMULATOR_HOST_NPY_H
#define PANTHER_EMULATOR_HOST_NPY_H

#include "emulator/host/data_read.h"

/* Whether a path names such a file: .npy, or .npy.gz. */
bool npy_named(const char *path);

/*
 * Appends to an empty set: the first axis counts the records, the others are their elements; one
 * axis is one record. Integers, booleans and floats of 2, 4 or 8 bytes. False with errors in d.
 */
data_load data_load_npy;

/*
 * Two files, inputs and targets, whose first axes count the same records. Targets that are
 * integers, one per record, are classes. Inputs of three or four axes are images (channels first).
 * data_load data_load_npy_pair, in data_read.h.
 */

/* rows x elements values as <f8. NULL if all is well, else a sentence in the arena. */
const char *npy_write(arena *memory, const char *path, size_t rows, size_t elements,
                      const double *values);

#endif
