#include "core/math/normal.hpp"

#include <cstddef>
#include <iterator>
#include <limits>

#include "core/math/elementary.hpp"

namespace margind::core {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInverseRootTwoPi = 0.398942280401432677939946;

// exp(-x^2 / 2): x in two parts, so that the square of the first is exact and the exponent of the
// result does not magnify the rounding of x^2.
double gaussian(double x) {
    const double coarse = static_cast<double>(static_cast<long>(x * 16.0)) / 16.0;
    const double rest = (x - coarse) * (x + coarse);
    return exponential(-0.5 * coarse * coarse) * exponential(-0.5 * rest);
}

// (1 + x) m(x) for Mills' ratio m(x) = (1 - cdf(x)) / density(x), x >= 0, as a Chebyshev series in
// t = (x - 5) / (x + 5), after M. M. Shepherd and J. G. Laframboise, "Chebyshev approximation of
// (1 + 2x) exp(x^2) erfc(x)", Math. Comp. 36 (1981). Coefficients computed with fifty digits; the
// first one left out is below 1e-17.
constexpr double kMills[] = {
    1.1579976221305187167,      -0.16334493884513978905,    -0.013683136055781576407,
    0.030822000198100039725,    -0.016220073012046806988,   0.0056166910164600934864,
    -0.001413393378354921628,   0.00025026254607256606546,  -0.000024689072397283870041,
    -1.0107964061837592256e-6,  7.4954191797405729054e-7,   -7.6002742687283368758e-8,
    -1.1574771441328644748e-8,  3.3333864725998431463e-9,   7.5380396281713470189e-11,
    -1.1104247263727494478e-10, 3.5092437765510588325e-12,  3.6894953861750953684e-12,
    -2.3376697776383093717e-13, -1.3271797523541405453e-13, 9.9217069958882765537e-15,
    5.2760049954553790653e-15,  -3.3730976941879218316e-16, -2.2804338776379945603e-16};

double mills_ratio(double x) {
    const double t = (x - 5.0) / (x + 5.0);
    double next = 0.0;
    double after = 0.0;
    for (std::size_t n = std::size(kMills) - 1; n > 0; --n) {
        const double here = kMills[n] + (2.0 * t * next - after);
        after = next;
        next = here;
    }
    return (kMills[0] + (t * next - after)) / (1.0 + x);
}

template <std::size_t kCount>
double polynomial(const double (&coefficients)[kCount], double x) {  // highest power first
    double value = coefficients[0];
    for (std::size_t i = 1; i < kCount; ++i) value = value * x + coefficients[i];
    return value;
}

// M. J. Wichura, "Algorithm AS 241: the percentage points of the normal distribution", Applied
// Statistics 37 (1988), PPND16: numerators and denominators of its three ranges.
constexpr double kCentreNumerator[] = {
    2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457,
    13731.693765509461125, 1971.5909503065514427, 133.14166789178437745, 3.3871328727963666080};
constexpr double kCentreDenominator[] = {
    5226.4952788528545610, 28729.085735721942674, 39307.895800092710610, 21213.794301586595867,
    5394.1960214247511077, 687.18700749205790830, 42.313330701600911252, 1.0};
constexpr double kMiddleNumerator[] = {7.74545014278341407640e-4, 2.27238449892691845833e-2,
                                       2.41780725177450611770e-1, 1.27045825245236838258,
                                       3.64784832476320460504,    5.76949722146069140550,
                                       4.63033784615654529590,    1.42343711074968357734};
constexpr double kMiddleDenominator[] = {1.05075007164441684324e-9, 5.47593808499534494600e-4,
                                         1.51986665636164571966e-2, 1.48103976427480074590e-1,
                                         6.89767334985100004550e-1, 1.67638483018380384940,
                                         2.05319162663775882187,    1.0};
constexpr double kFarNumerator[] = {2.01033439929228813265e-7, 2.71155556874348757815e-5,
                                    1.24266094738807843860e-3, 2.65321895265761230930e-2,
                                    2.96560571828504891230e-1, 1.78482653991729133580,
                                    5.46378491116411436990,    6.65790464350110377720};
constexpr double kFarDenominator[] = {2.04426310338993978564e-15, 1.42151175831644588870e-7,
                                      1.84631831751005468180e-5,  7.86869131145613259100e-4,
                                      1.48753612908506148525e-2,  1.36929880922735805310e-1,
                                      5.99832206555887937690e-1,  1.0};

}  // namespace

double normal_density(double x) noexcept {
    if (x != x) return kNan;
    if (x < -39.0 || x > 39.0) return 0.0;
    return kInverseRootTwoPi * gaussian(x);
}

double normal_cdf(double x) noexcept {
    if (x != x) return kNan;
    if (x < -38.6) return 0.0;
    if (x > 9.0) return 1.0;
    return x <= 0 ? normal_density(x) * mills_ratio(-x) : 1.0 - normal_density(x) * mills_ratio(x);
}

double inverse_normal_cdf(double p) noexcept {
    if (!(p >= 0.0 && p <= 1.0)) return kNan;
    if (p == 0.0) return -kInfinity;
    if (p == 1.0) return kInfinity;
    const double q = p - 0.5;
    if (q >= -0.425 && q <= 0.425) {
        const double r = 0.180625 - q * q;
        return q * polynomial(kCentreNumerator, r) / polynomial(kCentreDenominator, r);
    }
    const double r = square_root(-logarithm(q < 0 ? p : 1.0 - p));
    const double x =
        r <= 5.0 ? polynomial(kMiddleNumerator, r - 1.6) / polynomial(kMiddleDenominator, r - 1.6)
                 : polynomial(kFarNumerator, r - 5.0) / polynomial(kFarDenominator, r - 5.0);
    return q < 0 ? -x : x;
}

}  // namespace margind::core
