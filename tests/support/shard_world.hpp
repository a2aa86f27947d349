// What a venue can send, drawn from a seed: ticks, fills, updates in several records, transfers of
// every kind, more accounts than there is room for, what is refused, restarts of the daemon; and
// engine events as text.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/event.hpp"
#include "core/input.hpp"
#include "core/parameters.hpp"
#include "tests/support/book.hpp"

namespace margind::test {

class ShardWorld {
  public:
    explicit ShardWorld(std::uint64_t seed);

    core::RiskParameters parameters;
    // Numbered and timed. Requires of an engine: parameters, and nothing applied before.
    std::vector<core::Input> inputs(int count);

  private:
    void step();
    void push(core::Input input);
    void tick(std::uint32_t instrument);
    void fill(core::AccountKey account);
    void many_records(core::AccountKey account);
    void transfer();
    void odd_update(core::AccountKey account);
    void market_matter();
    void notice();
    core::AccountInput record(core::AccountKey account, core::AccountRecord kind, std::uint32_t id,
                              double amount, double entry);
    core::AccountKey any_account();

    Random random_;
    std::uint32_t owners_;
    std::vector<double> truth_;
    std::vector<core::Input> inputs_;
    core::Timestamp now_ = core::Timestamp::from_ns(1'760'130'000'000'000'000);
};

// Every field of an event that its kind has.
std::string text_of_event(const core::Event& event);

// Every event and verdict that an engine gives, one line each. `Engine`: as core::Engine.
template <class Engine>
std::string told_by(Engine& engine, const std::vector<core::Input>& inputs) {
    std::string text;
    core::Event event;
    for (const core::Input& input : inputs) {
        const core::Refusal refusal = engine.apply(input);
        if (refusal != core::Refusal::none) {
            text += std::to_string(input.input_seq) + " refused " +
                    std::to_string(static_cast<int>(refusal)) + '\n';
        }
        while (engine.next_event(event)) text += text_of_event(event) + '\n';
    }
    return text;
}

}  // namespace margind::test
