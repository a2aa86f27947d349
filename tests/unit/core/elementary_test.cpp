#include "core/math/elementary.hpp"

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

}  // namespace

TEST_CASE("exponential keeps its stated error bound") {
    Random random(11);
    double worst = 0;
    for (int i = 0; i < 200'000; ++i) {
        const double x = (random.unit() - 0.5) * (i % 2 ? 1400.0 : 2.0);
        worst =
            std::max(worst, relative_error(exponential(x), std::exp(static_cast<long double>(x))));
    }
    INFO("worst relative error " << worst);
    CHECK(worst < 4e-16);
}

TEST_CASE("logarithm keeps its stated error bound") {
    Random random(12);
    double worst = 0;
    for (int i = 0; i < 200'000; ++i) {
        const double x = i % 3 == 0   ? 1.0 + (random.unit() - 0.5) * 1e-3
                         : i % 3 == 1 ? random.unit() * 1e6 + 1e-9
                                      : std::ldexp(random.unit() + 0.5,
                                                   static_cast<int>(random.below(2000)) - 1000);
        if (x == 1.0) continue;
        worst =
            std::max(worst, relative_error(logarithm(x), std::log(static_cast<long double>(x))));
    }
    INFO("worst relative error " << worst);
    CHECK(worst < 4e-16);
}

TEST_CASE("the edges of the elementary functions") {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    CHECK(exponential(0) == 1.0);
    CHECK(exponential(-1000) == 0.0);
    CHECK(exponential(1000) == kInfinity);
    CHECK(std::isnan(exponential(std::nan(""))));
    CHECK(logarithm(1) == 0.0);
    CHECK(logarithm(0) == -kInfinity);
    CHECK(std::isnan(logarithm(-1)));
    CHECK(logarithm(kInfinity) == kInfinity);
    CHECK(square_root(2.25) == 1.5);
}

// Anchors that would show a platform on which the bits differ.
TEST_CASE("the elementary functions give these bits everywhere") {
    CHECK(exponential(1.0) == 0x1.5bf0a8b14576ap+1);
    CHECK(exponential(-0.5) == 0x1.368b2fc6f960ap-1);
    CHECK(logarithm(2.0) == 0x1.62e42fefa39efp-1);
    CHECK(logarithm(10.0) == 0x1.26bb1bbb55516p+1);
}
