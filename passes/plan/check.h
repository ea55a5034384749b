/*
 * The checker: from the networks and the chip alone it works out again what a plan must hold, and
 * says what is wrong. It shares no arithmetic with the methods beyond the structs of model.h.
 */
#ifndef PANTHER_PASSES_PLAN_CHECK_H
#define PANTHER_PASSES_PLAN_CHECK_H

#include "passes/plan/model.h"

/*
 * NULL if the plan holds, else a sentence that names the network, layer and round:
 *   every place lies on the chip, names what exists, and is large enough for its copies of its
 * part; no crossbar holds two things in one round; two places of a layer (and group) in one round
 * hold the same part of its weights, or disjoint parts; every weight of every layer is placed in
 * some round.
 */
const char *plan_check(arena *memory, const plan_layout *p);

/*
 * With replicas[i] copies of layer i, the network ends in this step, by the definition of a step
 * (steps.h) worked out pixel by pixel. NULL or a sentence.
 */
const char *plan_check_steps(arena *memory, const plan_network *n, const int64_t *replicas,
                             int64_t steps);

#endif
