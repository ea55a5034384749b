#include "emulator/crossbar/wires.h"

#include "isa/support/arena.h"

#include <math.h>
#include <string.h>

/* a += A_ij of one row, with two running sums from the right and from the left. */
static void add_row(int columns, const double *g, double *a)
{
    double beyond = 0, before = 0;
    for (int j = 0; j < columns; j++)
        beyond += g[j];
    for (int j = 0; j < columns; j++) {
        before += g[j] * (j + 1);
        beyond -= g[j];
        a[j] += before + beyond * (j + 1);
    }
}

static void add_column(int rows, int columns, const double *g, double *a)
{
    double above = 0, below = 0;
    for (int i = 0; i < rows; i++)
        below += g[i * columns] * (rows - i);
    for (int i = 0; i < rows; i++) {
        above += g[i * columns];
        below -= g[i * columns] * (rows - i);
        a[i * columns] += above * (rows - i) + below;
    }
}

void wires_attenuation(int rows, int columns, const double *g, double ratio, double *a)
{
    memset(a, 0, (size_t)rows * (size_t)columns * sizeof *a);
    for (int i = 0; i < rows; i++)
        add_row(columns, g + i * columns, a + i * columns);
    for (int j = 0; j < columns; j++)
        add_column(rows, columns, g + j, a + j);
    for (int k = 0; k < rows * columns; k++)
        a[k] = 1 / (1 + ratio * a[k]);
}

/*
 * One wire of n nodes with unit conductance between neighbours, `first` from node 0 to the drive and
 * `last` from node n-1 to ground, load[k] from node k to a node at level[k] (steps apart in memory).
 * Thomas' algorithm; v is the wire's nodes.
 */
typedef struct wire {
    int n, step;
    double drive, first, last, ratio;
    double *upper, *right; /* scratch, n each */
} wire;

static void solve_wire(const wire *w, const double *g, const double *other, double *v)
{
    for (int k = 0; k < w->n; k++) {
        double load = w->ratio * g[k * w->step];
        double below = k > 0 ? 1 : w->first, above = k < w->n - 1 ? 1 : w->last;
        double diagonal = below + above + load;
        double right = load * other[k * w->step] + (k == 0 ? w->first * w->drive : 0);
        double carried = k > 0 ? w->upper[k - 1] : 0;
        double scale = 1 / (diagonal - carried);
        w->upper[k] = k < w->n - 1 ? scale : 0;
        w->right[k] = (right + (k > 0 ? w->right[k - 1] : 0)) * scale;
    }
    v[(w->n - 1) * w->step] = w->right[w->n - 1];
    for (int k = w->n - 2; k >= 0; k--)
        v[k * w->step] = w->right[k] + w->upper[k] * v[(k + 1) * w->step];
}

typedef struct network {
    int rows, columns;
    double ratio;
    const double *g, *volts;
    double *row, *column; /* voltages of the nodes on row and column wires */
    double *scratch;
} network;

static void relax(network *n)
{
    int longest = n->rows > n->columns ? n->rows : n->columns;
    wire w = {.ratio = n->ratio, .upper = n->scratch, .right = n->scratch + longest};
    w.n = n->columns;
    w.step = 1;
    w.first = 1;
    for (int i = 0; i < n->rows; i++) {
        int at = i * n->columns;
        w.drive = n->volts[i];
        solve_wire(&w, n->g + at, n->column + at, n->row + at);
    }
    w.n = n->rows;
    w.step = n->columns;
    w.first = w.drive = 0;
    w.last = 1;
    for (int j = 0; j < n->columns; j++)
        solve_wire(&w, n->g + j, n->row + j, n->column + j);
}

bool wires_solve(int rows, int columns, const double *g, double ratio, const double *volts,
                 double *amps)
{
    enum { ROUNDS = 1000 };
    arena *memory = arena_new();
    size_t cells = (size_t)rows * (size_t)columns;
    network n = {rows, columns, ratio, g, volts, ARENA_ARRAY(memory, double, cells),
                 ARENA_ARRAY(memory, double, cells),
                 ARENA_ARRAY(memory, double, 2 * (size_t)(rows > columns ? rows : columns))};
    const double *bottom = n.column + (cells - (size_t)columns);
    bool settled = false;
    memset(amps, 0, (size_t)columns * sizeof *amps);
    for (int round = 0; round < ROUNDS && !settled; round++) {
        double change = 0, largest = 0;
        relax(&n);
        for (int j = 0; j < columns; j++) {
            double i = bottom[j] / ratio; /* through the segment to ground */
            change = fmax(change, fabs(i - amps[j]));
            largest = fmax(largest, fabs(i));
            amps[j] = i;
        }
        settled = change <= 1e-12 * largest;
    }
    arena_free(memory);
    return settled;
}
