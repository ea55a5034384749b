/* What the machine says about numbers, for the graph IR. */
#ifndef PANTHER_FRONTEND_LIBRARY_NUMERICS_H
#define PANTHER_FRONTEND_LIBRARY_NUMERICS_H

#include "ir/graph.h"
#include "isa/machine.h"

ir_numerics machine_numerics(const machine *m);

#endif
