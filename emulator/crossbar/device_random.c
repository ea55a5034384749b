/*
 * Normal numbers by inversion: algorithm AS 241 (PPND16) of Wichura, Applied Statistics 37 (1988).
 * Only +, -, *, / and sqrt are used, and this file is compiled without contraction to fused
 * operations, so that all machines agree.
 */
#include "emulator/crossbar/device_cells.h"

#include <math.h>
#include <string.h>

uint64_t device_key(const crossbar_device *d, device_purpose purpose, uint64_t event)
{
    bool fabricated = purpose == FOR_STUCK || purpose == FOR_DRIFT;
    double chip = device_value(d->settings, DEVICE_chip, 0);
    return random_base((random_key){.seed = fabricated ? (uint64_t)chip : d->seed,
                                    .stream = 0xDE71CE00u + purpose,
                                    .step = d->block,
                                    .count = event});
}

/* The natural logarithm of a normal number in (0, 1), to about 1e-16. */
static double logarithm(double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    int exponent = (int)(bits >> 52) - 1023;
    bits = (bits & 0xFFFFFFFFFFFFFu) | (uint64_t)1023 << 52;
    double m;
    memcpy(&m, &bits, sizeof m); /* 1 <= m < 2 */
    if (m > 1.4142135623730951) {
        m /= 2;
        exponent++;
    }
    double z = (m - 1) / (m + 1), square = z * z, sum = 0;
    for (int k = 23; k >= 1; k -= 2) /* 2 artanh(z) */
        sum = sum * square + 1.0 / k;
    return exponent * 0.69314718055994531 + 2 * z * sum;
}

static double ratio(const double *top, const double *bottom, double r)
{
    double above = 0, below = 0;
    for (int k = 7; k >= 0; k--) {
        above = above * r + top[k];
        below = below * r + bottom[k];
    }
    return above / below;
}

double device_normal(uint64_t bits)
{
    static const double a[] = {3.3871328727963666080e0,  1.3314166789178437745e2,
                               1.9715909503065514427e3,  1.3731693765509461125e4,
                               4.5921953931549871457e4,  6.7265770927008700853e4,
                               3.3430575583588128105e4,  2.5090809287301226727e3};
    static const double b[] = {1,                        4.2313330701600911252e1,
                               6.8718700749205790830e2,  5.3941960214247511077e3,
                               2.1213794301586595867e4,  3.9307895800092710610e4,
                               2.8729085735721942674e4,  5.2264952788528545610e3};
    static const double c[] = {1.42343711074968357734e0, 4.63033784615654529590e0,
                               5.76949722146069140550e0, 3.64784832476320460504e0,
                               1.27045825245236838258e0, 2.41780725177450611770e-1,
                               2.27238449892691845833e-2, 7.74545014278341407640e-4};
    static const double d[] = {1,                        2.05319162663775882187e0,
                               1.67638483018380384940e0, 6.89767334985100004550e-1,
                               1.48103976427480074590e-1, 1.51986665636164571966e-2,
                               5.47593808499534494600e-4, 1.05075007164441684324e-9};
    static const double e[] = {6.65790464350110377720e0, 5.46378491116411436990e0,
                               1.78482653991729133580e0, 2.96560571828504891230e-1,
                               2.65321895265761230930e-2, 1.24266094738807843860e-3,
                               2.71155556874348757815e-5, 2.01033439929228813265e-7};
    static const double f[] = {1,                        5.99832206555887937690e-1,
                               1.36929880922735805310e-1, 1.48753612908506148525e-2,
                               7.86869131145613259100e-4, 1.84631831751005468180e-5,
                               1.42151175831644588870e-7, 2.04426310338993978564e-15};
    double p = ((double)(bits >> 11) + 0.5) * 0x1p-53, q = p - 0.5;
    if (q <= 0.425 && q >= -0.425)
        return q * ratio(a, b, 0.180625 - q * q);
    double r = sqrt(-logarithm(q < 0 ? p : 1 - p));
    double v = r <= 5 ? ratio(c, d, r - 1.6) : ratio(e, f, r - 5);
    return q < 0 ? -v : v;
}
