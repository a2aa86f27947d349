#include "tests/support/event_text.hpp"

#include <iomanip>
#include <sstream>

using namespace margind::core;

namespace margind::test {
namespace {

// One separator before each number, whatever its type.
class Line {
  public:
    Line() { out_ << std::setprecision(17); }
    template <class... Numbers>
    Line& add(Numbers... numbers) {
        (static_cast<void>(out_ << ' ' << +numbers), ...);
        return *this;
    }
    Line& add_text(std::string_view text) {
        out_ << ' ' << text;
        return *this;
    }
    std::string text() const { return out_.str() + '\n'; }

  private:
    std::ostringstream out_;
};

template <class Enum>
int number(Enum value) {
    return static_cast<int>(value);
}

void add_step(Line& line, const PlanStep& step) {
    line.add_text("|").add(number(step.action), number(step.side), step.instrument.index(),
                           step.debt.index(), step.collateral.index(), step.quantity.raw(),
                           step.limit_price.raw(), step.bankruptcy_price.raw(),
                           step.incentive.raw(), step.insurance_fee.raw(), step.repaid.raw(),
                           step.seized.raw());
}

void add_account(Line& line, const AccountEvent& e) {
    line.add_text(e.key.owner.view()).add_text(e.key.sub_account.view());
    line.add(e.slot.index(), number(e.from), number(e.to), e.equity.raw(), e.initial_equity.raw(),
             e.initial_margin.raw(), e.maintenance_margin.raw(), e.shortfall.raw(),
             e.health_factor.raw, number(e.cause.kind), e.cause.instrument.index(),
             e.cause.source.index(), e.cause.mark.raw(), e.deadline.ns(), e.plan_steps,
             e.plan_complete, e.parameters_hash, e.market_hash, e.account_hash);
    for (std::size_t s = 0; s < e.plan_steps; ++s) add_step(line, e.plan[s]);
}

void add_price_state(Line& line, const PriceStateEvent& e) {
    line.add(e.instrument.index(), number(e.from), number(e.to), number(e.reason), e.live_sources,
             e.quorum, e.mark.raw(), e.index.raw());
}

void add_body(Line& line, const Event& e) {
    if (is_account_event(e.kind)) {
        add_account(line, e.account);
    } else if (e.kind == EventKind::threshold_changed) {
        line.add(e.threshold.instrument.index(), number(e.threshold.level),
                 number(e.threshold.binding), e.threshold.from.raw(), e.threshold.to.raw(),
                 e.threshold.sigma_annual);
    } else if (e.kind == EventKind::price_state) {
        add_price_state(line, e.price_state);
    } else if (e.kind == EventKind::feed_state) {
        line.add(e.feed_state.feed.index(), number(e.feed_state.from), number(e.feed_state.to),
                 number(e.feed_state.reason));
    } else if (e.kind == EventKind::daemon_state) {
        line.add(number(e.daemon_state.from), number(e.daemon_state.to),
                 number(e.daemon_state.reason));
    } else if (e.kind == EventKind::parameters_changed) {
        line.add(e.parameters.version, e.parameters.changes);
    } else if (e.kind == EventKind::clock) {
        line.add(e.clock.last_input_seq, e.clock.state_hash);
        for (const std::uint32_t accounts : e.clock.accounts_by_state) line.add(accounts);
    } else if (e.kind == EventKind::audit_failed) {
        line.add_text("audit of").add(e.audit.slot.index(), number(e.audit.check));
        line.add(number(e.audit.state), number(e.audit.due), e.audit.last_input_seq);
    }
}

}  // namespace

std::string text_of(const Event& event) {
    Line line;
    line.add(number(event.kind), event.parameter_version, event.event_seq, event.input_seq,
             event.engine_time.ns(), event.receive_time.ns(), event.exchange_time.ns());
    add_body(line, event);
    return line.text();
}

}  // namespace margind::test
