// Where owners live, and shards that get more than their share.
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/shards/sharded_engine.hpp"
#include "tests/support/book.hpp"
#include "tests/support/shard_world.hpp"

using namespace margind::core;
using namespace margind::test;

namespace {

AccountInput balance(const AccountKey& account, Money amount) {
    AccountInput input;
    input.key = account;
    input.record = AccountRecord::balance;
    input.amount = amount.raw();
    return input;
}

}  // namespace

// Computed from the description by another program.
TEST_CASE("an owner's shard is the same on every machine") {
    const auto of = [](const char* owner) {
        const FixedText<48> name{owner};
        std::vector<std::uint32_t> shards;
        for (const std::uint32_t n : {1u, 2u, 8u, 64u}) shards.push_back(shard_of(name, n));
        return shards;
    };
    CHECK(of("a") == std::vector<std::uint32_t>{0, 1, 4, 32});
    CHECK(of("alice") == std::vector<std::uint32_t>{0, 0, 1, 13});
    CHECK(of("0x52908400098527886E0F7030069857D2E4169EE7") ==
          std::vector<std::uint32_t>{0, 1, 4, 36});
}

TEST_CASE("owners fall evenly, whatever their names have in common") {
    std::vector<int> owners(16);
    for (int i = 0; i < 160'000; ++i) {
        ++owners[shard_of(FixedText<48>("trader-" + std::to_string(i)), 16)];
    }
    for (const int count : owners) {
        CHECK(count > 9'500);
        CHECK(count < 10'500);
    }
}

TEST_CASE("a shard takes all accounts of one owner, beyond what it reserved memory for") {
    RiskParameters venue = small_venue();
    venue.max_accounts = 5'000;  // eight shards reserve 1'805 each
    std::vector<Input> inputs;
    const auto push = [&](Input input) {
        input.input_seq = inputs.size() + 1;
        input.engine_time = Timestamp::from_ns(1'760'130'000'000'000'000);
        inputs.push_back(input);
    };
    PriceInput tick;
    tick.source = SourceId(0);
    tick.price = price(100);
    push(Input::of(tick));
    for (int a = 0; a < 5'100; ++a) {
        const AccountKey account = key("one", "s" + std::to_string(a));
        push(Input::of(balance(account, money(20 + a % 50))));
        AccountInput position = balance(account, money(1));
        position.record = AccountRecord::position;
        position.price = price(100).raw();
        push(Input::of(position));
    }
    for (const double next : {90.0, 70.0, 40.0, 120.0}) {
        tick.price = price(next);
        push(Input::of(tick));
    }
    Engine engine(venue);
    const std::string want = told_by(engine, inputs);
    for (const Search search : {Search::reference, Search::bands}) {
        ShardedEngine sharded(venue, 8, {.search = search});
        CHECK(told_by(sharded, inputs) == want);
        CHECK(sharded.statistics().accounts == 5'000);
        CHECK(sharded.statistics().refused[static_cast<std::size_t>(Refusal::too_many_accounts)] ==
              200);
    }
}
