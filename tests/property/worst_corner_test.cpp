// The certificate of ranges by itself: boxes of prices and rates as large as WorstCorner just calls
// safe, and the account at their corners and inside them. Events show a hole in the certificate
// only if a price happens to go through it; this looks for it.
#include "core/bands/worst_corner.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/engine/engine.hpp"
#include "core/engine/ladder.hpp"
#include "tests/support/random_books.hpp"
#include "tests/support/random_flow.hpp"
#include "tests/support/seeds.hpp"

using namespace margind::core;
using namespace margind::test;

namespace {

struct Box {
    std::vector<PriceRange> prices;
    std::vector<RateRange> rates;
};

// The market of an engine with other prices and rates, as its market stage would have them.
class OtherMarket {
  public:
    explicit OtherMarket(const MarketView& market)
        : instruments_(market.instruments.begin(), market.instruments.end()),
          assets_(market.assets.begin(), market.assets.end()),
          terms_(assets_.size()) {
        for (std::size_t a = 0; a < assets_.size(); ++a) {
            if (assets_[a].terms == nullptr) continue;
            terms_[a] = *assets_[a].terms;
            assets_[a].terms = &terms_[a];
        }
    }

    void set(const PriceRange& range, std::int64_t price) {
        if (!range.of_asset) {
            instruments_[range.id].mark = Price::from_raw(price);
            return;
        }
        assets_[range.id].price = UnitPrice::from_raw(price);
        terms_[range.id].asset_price = assets_[range.id].price;
        terms_[range.id].liability_price = assets_[range.id].price;
    }
    // `part`, from zero to one: of the way to the highest rates in the range.
    void set(const RateRange& range, double part) {
        InstrumentRow& row = instruments_[range.instrument];
        for (std::size_t t = 0; t < row.tier_count; ++t) {
            for (const MarginLevel level : kAllMarginLevels) {
                const auto anchor = static_cast<double>(range.anchors[t][level].raw());
                const double most = static_cast<double>(range.most) / (1 << 24);
                row.tiers[t].rate[level] =
                    Rate::from_raw(static_cast<std::int64_t>(anchor * (1 + part * (most - 1))));
            }
        }
    }
    MarketView view() const { return {instruments_, assets_}; }

  private:
    std::vector<InstrumentRow> instruments_;
    std::vector<AssetRow> assets_;
    std::vector<BalanceTerms> terms_;
};

class CertificateTest {
  public:
    explicit CertificateTest(std::uint64_t seed)
        : random_(seed),
          books_(random_books(random_)),
          engine_(books_.parameters),
          corner_(engine_.parameters()),
          flow_(books_, random_, [this](const Input& input) { apply(input); }) {}

    // A point of a box called safe where the account is not; empty if there is none.
    std::string run() {
        flow_.open();
        for (int n = 0; n < 300; ++n) flow_.step();
        std::string hole;
        for (std::uint32_t a = 0; a < std::min(engine_.account_count(), 200U) && hole.empty();
             ++a) {
            hole = try_account(AccountSlot(a));
        }
        return hole;
    }
    std::uint64_t boxes() const { return boxes_; }

  private:
    void apply(Input input) {
        input.input_seq = ++input_seq_;
        engine_.apply(input);
        Event event;
        while (engine_.next_event(event)) {
        }
    }

    std::string try_account(AccountSlot slot) {
        const AccountReport report = engine_.report(slot);
        const AccountView account = engine_.view(slot);
        const MarketView market = engine_.market().view();
        if (!report.priced || report.state != MarginState::healthy) return "";
        if (account.positions.size() + account.balances.size() > 12) return "";
        if (!corner_.covers(account, market)) return "";
        const Box widest = random_box(account, market);
        Box box;
        // As large as it is just safe: a hole is a small part of it.
        double safe = 0;
        for (double step = 0.5; step > 1e-4; step /= 2) {
            const Box larger = part_of(widest, safe + step, market);
            if (!corner_.safe(account, market, report.state, larger.prices, larger.rates)) continue;
            safe += step;
            box = larger;
        }
        if (safe == 0) return "";
        ++boxes_;
        return hole_in(box, account, "seed's account " + std::to_string(slot.index()));
    }

    // Prices and rates that the account depends on, to either side from one in ten thousand to a
    // half.
    Box random_box(const AccountView& account, const MarketView& market) {
        Box box;
        anchors_.clear();
        const auto width = [&] { return 0.5 / static_cast<double>(1ULL << random_.below(13)); };
        const auto add = [&](bool of_asset, std::uint32_t id, std::int64_t price) {
            const auto at = static_cast<double>(price);
            box.prices.push_back({.of_asset = of_asset,
                                  .id = id,
                                  .low = static_cast<std::int64_t>(at * (1 - width())),
                                  .high = static_cast<std::int64_t>(at * (1 + width()))});
        };
        anchors_.reserve(account.positions.size());
        for (const PositionRow& row : account.positions) {
            const InstrumentRow& of = market.instruments[row.instrument.index()];
            add(false, row.instrument.index(), of.mark.raw());
            auto& rates = anchors_.emplace_back();
            for (std::uint32_t t = 0; t < of.tier_count; ++t) rates.push_back(of.tiers[t].rate);
            box.rates.push_back(
                {.instrument = row.instrument.index(),
                 .anchors = rates,
                 .most = (std::int64_t{1} << 24) +
                         static_cast<std::int64_t>(random_.below(std::uint64_t{1} << 21))});
        }
        for (const BalanceRow& row : account.balances) {
            if (!engine_.parameters().assets[row.asset.index()].priced_by.valid()) continue;
            add(true, row.asset.index(), market.assets[row.asset.index()].price.raw());
        }
        return box;
    }

    static Box part_of(const Box& box, double part, const MarketView& market) {
        Box out = box;
        for (PriceRange& range : out.prices) {
            const std::int64_t now = range.of_asset ? market.assets[range.id].price.raw()
                                                    : market.instruments[range.id].mark.raw();
            const auto towards = [&](std::int64_t end) {
                return now + static_cast<std::int64_t>(static_cast<double>(end - now) * part);
            };
            range.low = std::max<std::int64_t>(1, towards(range.low));
            range.high = towards(range.high);
        }
        for (RateRange& range : out.rates) {
            constexpr std::int64_t kOne = std::int64_t{1} << 24;
            range.most =
                kOne + static_cast<std::int64_t>(static_cast<double>(range.most - kOne) * part);
        }
        return out;
    }

    std::string hole_in(const Box& box, const AccountView& account, const std::string& what) {
        constexpr int kPoints = 300;
        OtherMarket market(engine_.market().view());
        for (int n = 0; n < kPoints; ++n) {
            // Mostly corners; of the others, each price anywhere.
            const bool corner = random_.chance(0.7);
            std::string point = what;
            for (const PriceRange& range : box.prices) {
                const double part = corner && random_.chance(0.9)
                                        ? static_cast<double>(random_.below(2))
                                        : random_.unit();
                const std::int64_t price =
                    range.low +
                    static_cast<std::int64_t>(static_cast<double>(range.high - range.low) * part);
                market.set(range, price);
                point += (range.of_asset ? ", asset " : ", instrument ") +
                         std::to_string(range.id) + " at " + std::to_string(price) + " of " +
                         std::to_string(range.low) + ".." + std::to_string(range.high);
            }
            for (const RateRange& range : box.rates) {
                market.set(range, random_.chance(0.8) ? 1 : random_.unit());
            }
            const Evaluation there = evaluate(account, market.view());
            const MarginState state =
                next_state(MarginState::healthy, there, engine_.parameters().ladder);
            if (state != MarginState::healthy) return point;
        }
        return "";
    }

    Random random_;
    RandomBooks books_;
    Engine engine_;
    WorstCorner corner_;
    RandomFlow flow_;
    std::vector<std::vector<PerLevel<Rate>>> anchors_;
    std::uint64_t input_seq_ = 0;
    std::uint64_t boxes_ = 0;
};

}  // namespace

TEST_CASE("nowhere in a box that is called safe does an account leave its state") {
    const std::uint64_t first = first_seed();
    const std::uint64_t seeds = seeds_or(200);
    std::uint64_t boxes = 0;
    for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
        CertificateTest test(seed);
        const std::string hole = test.run();
        INFO("seed " << seed);
        CHECK(hole == "");
        boxes += test.boxes();
    }
    CHECK(boxes > 20 * seeds);
}
