#include "core/market/volatility.hpp"

#include <cmath>

#include <catch2/catch.hpp>

#include "tests/support/book.hpp"

using namespace margind::core;
using margind::test::price;
using margind::test::Random;

namespace {

VolatilityRule rule(double half_life_s, double initial_annual) {
    VolatilityRule r;
    r.half_life = Duration::from_ms(static_cast<std::int64_t>(half_life_s * 1000));
    r.sample_interval = Duration::from_seconds(1);
    r.initial_annual = initial_annual;
    return r;
}

double gaussian(Random& random) {
    const double u = random.unit() + 1e-18;
    return std::sqrt(-2 * std::log(u)) * std::cos(6.283185307179586 * random.unit());
}

Timestamp at(double seconds) {
    return Timestamp::from_ns(1'000'000'000'000 + static_cast<std::int64_t>(seconds * 1e9));
}

}  // namespace

TEST_CASE("before the first return the volatility is the configured one") {
    RealisedVolatility v(rule(300, 0.8));
    CHECK(v.sigma_annual() == Approx(0.8));
    CHECK_FALSE(v.observe(price(100), at(0)));
    CHECK(v.sigma_annual() == Approx(0.8));
}

TEST_CASE("returns are taken over at least the sample interval") {
    RealisedVolatility v(rule(300, 0.0));
    v.observe(price(100), at(0));
    CHECK_FALSE(v.observe(price(110), at(0.999)));
    CHECK(v.sigma_annual() == 0.0);
    CHECK(v.observe(price(100), at(1.0)));  // the bounce in between was never seen
    CHECK(v.sigma_annual() == 0.0);
}

TEST_CASE("one return has the weight of the time it covers") {
    // half life 1 s: after 1 s the old variance weighs 1/2.
    RealisedVolatility v(rule(1, 0.0));
    v.observe(price(100), at(0));
    v.observe(price(101), at(1));
    const double r = std::log(1.01);
    CHECK(v.sigma_per_root_second() == Approx(std::sqrt(0.5 * r * r)));
}

TEST_CASE("the estimate finds the volatility of a random walk, however irregular the ticks") {
    for (const double mean_gap : {1.0, 3.0, 20.0}) {
        RealisedVolatility v(rule(20'000, 2.0));
        Random random(31);
        const double sigma = 0.0001;  // per root second, 56 % a year
        double t = 0;
        double log_price = 0;
        for (int i = 0; i < 200'000; ++i) {
            const double dt = -std::log(1 - random.unit()) * mean_gap + 0.001;
            t += dt;
            log_price += sigma * std::sqrt(dt) * gaussian(random);
            v.observe(price(10'000 * std::exp(log_price)), at(t));
        }
        INFO("seed 31, mean gap " << mean_gap << " s");
        CHECK(v.sigma_per_root_second() == Approx(sigma).epsilon(0.05));
    }
}

TEST_CASE("silence is not read as calm") {
    RealisedVolatility v(rule(10, 1.0));
    v.observe(price(100), at(0));
    v.observe(price(102), at(1));
    const double before = v.sigma_annual();
    // An hour without a price changes nothing until a price arrives.
    CHECK(v.sigma_annual() == before);
}
