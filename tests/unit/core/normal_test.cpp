#include "core/math/normal.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <catch2/catch.hpp>

#include "tests/support/book.hpp"

using namespace margind::core;
using margind::test::Random;

namespace {

double relative_error(double value, long double truth) {
    return static_cast<double>(std::fabs((static_cast<long double>(value) - truth) / truth));
}
long double true_cdf(double x) {
    return std::erfc(-static_cast<long double>(x) / std::sqrt(2.0L)) / 2;
}

}  // namespace

TEST_CASE("the normal distribution keeps its digits far into the small tail") {
    Random random(31);
    double worst = 0;
    double worst_density = 0;
    for (int i = 0; i < 100'000; ++i) {
        const double x = i % 2 ? random.unit() * 45.0 - 37.0 : random.unit() * 6.0 - 3.0;
        const auto wide = static_cast<long double>(x);
        worst = std::max(worst, relative_error(normal_cdf(x), true_cdf(x)));
        worst_density =
            std::max(worst_density,
                     relative_error(normal_density(x), std::exp(-wide * wide / 2) *
                                                           0.39894228040143267793994605993438L));
    }
    INFO("worst relative errors " << worst << " and " << worst_density);
    CHECK(worst < 1e-15);
    CHECK(worst_density < 1e-15);
}

TEST_CASE("the inverse of the normal distribution has that probability below it") {
    Random random(32);
    double worst = 0;
    for (int i = 0; i < 100'000; ++i) {
        const double p = i % 2 ? random.unit() * 0.9 + 1e-12 : std::pow(10.0, -random.unit() * 300);
        const double x = inverse_normal_cdf(p);
        // One Newton step of the true distribution: how far off x is.
        const auto wide = static_cast<long double>(x);
        const long double density = std::exp(-wide * wide / 2) / std::sqrt(2 * std::acos(-1.0L));
        const auto off = static_cast<double>((true_cdf(x) - static_cast<long double>(p)) / density);
        worst = std::max(worst, std::fabs(off) / std::max(std::fabs(x), 1e-3));
    }
    INFO("worst error " << worst);
    CHECK(worst < 2e-15);
}

TEST_CASE("the edges of the normal distribution") {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    CHECK(normal_cdf(0) == Approx(0.5).epsilon(1e-15));
    CHECK(normal_cdf(-kInfinity) == 0.0);
    CHECK(normal_cdf(kInfinity) == 1.0);
    CHECK(normal_cdf(-40) == 0.0);
    CHECK(std::isnan(normal_cdf(std::nan(""))));
    CHECK(normal_density(kInfinity) == 0.0);
    CHECK(std::isnan(normal_density(std::nan(""))));
    CHECK(inverse_normal_cdf(0.5) == 0.0);
    CHECK(inverse_normal_cdf(0) == -kInfinity);
    CHECK(inverse_normal_cdf(1) == kInfinity);
    CHECK(std::isnan(inverse_normal_cdf(-0.1)));
    CHECK(std::isnan(inverse_normal_cdf(1.1)));
    CHECK(std::isnan(inverse_normal_cdf(std::nan(""))));
    CHECK(normal_cdf(1.0) + normal_cdf(-1.0) == Approx(1.0).epsilon(1e-15));
}
