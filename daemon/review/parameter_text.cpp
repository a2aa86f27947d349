#include "daemon/review/parameter_text.hpp"

#include "daemon/reload.hpp"
#include "daemon/review/input_text.hpp"

namespace margind::daemon {

// A reload compares the same two things; both ways, for the values of either side.
void explain_parameter_changes(const core::RiskParameters& before,
                               const core::RiskParameters& after, TextBuffer& out) {
    config::Settings from;
    config::Settings to;
    from.risk = before;
    to.risk = after;
    const Reload forth = compare(from, to);
    const Reload back = compare(to, from);
    fmt::format_to(std::back_inserter(out), "\n    {:<48}{:>16}{:>16}\n", "", "before", "after");
    for (std::size_t i = 0; i < forth.batch.size(); ++i) {
        fmt::format_to(std::back_inserter(out), "    {:<48}{:>16}{:>16}\n", forth.changed[i],
                       value_text(back.batch[i].parameter), value_text(forth.batch[i].parameter));
    }
}

}  // namespace margind::daemon
