/*
 * IR drop: a crossbar whose wires have resistance. Row i is driven at its left end, before column 0;
 * column j is sensed at virtual ground below the last row; between neighbouring cells, and between
 * the ends and the outermost cells, lies one segment of wire. Conductances are in units of a cell at
 * the top level; ratio is segment resistance over that cell's resistance.
 *
 * The network is linear, I_j = sum_i G'_ij V_i, and reciprocal: driving columns and sensing rows at
 * the same ends sees the same G'.
 */
#ifndef PANTHER_EMULATOR_CROSSBAR_WIRES_H
#define PANTHER_EMULATOR_CROSSBAR_WIRES_H

#include <stdbool.h>

/*
 * First-order model: G'_ij = a_ij G_ij with a_ij = 1 / (1 + ratio (A_ij + B_ij)), where
 *   A_ij = sum_m G_im (min(m, j) + 1)        segments of row i shared with the current of cell (i, m)
 *   B_ij = sum_k G_kj (rows - max(k, i))     segments of column j shared with that of cell (k, j)
 * It is exact up to terms of the second order in ratio.
 */
void wires_attenuation(int rows, int columns, const double *g, double ratio, double *a);

/*
 * The network itself, by alternating exact solutions of all rows and all columns (block
 * Gauss-Seidel) until no current changes by more than 1e-12 of the largest. volts: rows; amps:
 * columns. Time and memory grow with rows x columns per round: for checking. False if 1000 rounds
 * were not enough.
 */
bool wires_solve(int rows, int columns, const double *g, double ratio, const double *volts,
                 double *amps);

#endif
