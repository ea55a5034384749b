/*
 * A perceptron that learns inside crossbars, driven from C: one kernel per example, and the cost.
 *
 *     cc perceptron.c -o perceptron $(pkg-config --cflags --libs panther)
 *     ./perceptron [weights.safetensors]     # where to save the weights
 */
#include <panther.h>

#include <math.h>
#include <stdio.h>

/* q22: updates as large as these must not reach the topmost slices, whose cells have no room. */
static const char program[] =
    "param W: matrix[2, 3] q22\n"
    "kernel learn(x: vec[3], wanted: vec[2], rate: scalar) -> vec[2] {\n"
    "    y = sigmoid(W @ x)\n"
    "    W -= rate * outer(y - wanted, x)\n"
    "    return y\n"
    "}\n";

/* x0 and x1 as inputs, 1 for the bias; their OR and their AND are wanted. */
static const double inputs[4][3] = {{0, 0, 1}, {0, 1, 1}, {1, 0, 1}, {1, 1, 1}};
static const double wanted[4][2] = {{0, 0}, {1, 0}, {1, 0}, {1, 1}};

/* Mean absolute error of one epoch, or -1 if a call fails. */
static double epoch(panther_emulator *e)
{
    double sum = 0;
    for (int i = 0; i < 4; i++) {
        double y[2];
        if (panther_write(e, "learn", "x", inputs[i], 3) ||
            panther_write(e, "learn", "wanted", wanted[i], 2) || panther_run(e, "learn") ||
            panther_read(e, "learn", "output", y, 2))
            return -1;
        sum += fabs(y[0] - wanted[i][0]) + fabs(y[1] - wanted[i][1]);
    }
    panther_resolve_carries(e); /* or cells saturate after some more updates */
    return sum / 8;
}

static int learn(panther_emulator *e, const char *save)
{
    double rate = 0.5, error = 0;
    if (panther_write(e, "learn", "rate", &rate, 1))
        return 1;
    for (int i = 1; i <= 200 && error >= 0; i++) {
        error = epoch(e);
        if (i == 1 || i == 200)
            printf("epoch %3d  mean error %.3f\n", i, error);
    }
    panther_statistics s;
    panther_get_statistics(e, &s);
    printf("%llu kernels, %llu cycles, %.3g uJ\n", (unsigned long long)s.kernels,
           (unsigned long long)s.cycles, s.energy_pj * 1e-6);
    return error < 0 || (save && panther_save_weights(e, save));
}

int main(int argc, char **argv)
{
    panther *p = panther_new();
    panther_image *image = panther_compile_text(p, "perceptron.pan", program, NULL);
    panther_emulator *e = image ? panther_start(p, image, NULL) : NULL;
    int failed = !e || learn(e, argc > 1 ? argv[1] : NULL);
    fputs(panther_messages(p), stderr);
    panther_free(p);
    return failed;
}
