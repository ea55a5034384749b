/* Items of a program and values of top-level names. */
#ifndef PANTHER_FRONTEND_LANGUAGE_TOP_H
#define PANTHER_FRONTEND_LANGUAGE_TOP_H

#include "frontend/language/check.h"

/* The value of a top-level constant or parameter, evaluated on first use; where: of the use. */
value top_value(checker *c, symbol *s, source_range where);

#endif
