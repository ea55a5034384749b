/* Binary points of a checked program. */
#ifndef PANTHER_FRONTEND_LANGUAGE_FORMATS_H
#define PANTHER_FRONTEND_LANGUAGE_FORMATS_H

#include "frontend/language/program.h"
#include "isa/support/diag.h"

/*
 * Sets the format of every op and parameter: what was written, else the default of its kind. The
 * three defaults are the language's at first and the machine's when graphs are built. False with
 * errors if an update's column operand would leave q0..q31.
 */
bool pan_set_formats(pan_program *p, diag *d, int q_activation, int q_weight, int q_error);

#endif
