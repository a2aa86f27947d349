// Asks the engine's thread about accounts on behalf of many: one question at a time, identical ones
// asked once, answers kept for a second. However many ask, the engine sees at most one query at a
// time and the same one at most once a second.
//
// Thread: the cold thread. Memory: at most kKept answers and kWaitingMax waiting callers.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/time.hpp"
#include "daemon/admin/pages.hpp"
#include "daemon/admin/target.hpp"
#include "daemon/report.hpp"
#include "feeds/session.hpp"

namespace margind::daemon {

class AccountDesk {
  public:
    using Ask = std::function<bool(AccountQuery, std::function<void(const AccountQuery*)>)>;
    using Answered = std::function<void(const Page&)>;

    static constexpr std::size_t kKept = 16;
    static constexpr std::size_t kWaitingMax = 32;
    static constexpr core::Duration kKeptFor = core::Duration::from_seconds(1);

    // `parameters` and `clock` must outlive it.
    AccountDesk(const core::RiskParameters& parameters, feeds::Clock& clock, Ask ask);
    ~AccountDesk();
    AccountDesk(const AccountDesk&) = delete;
    AccountDesk& operator=(const AccountDesk&) = delete;

    // Calls `answered` exactly once: now, when the engine has answered, or from give_up().
    // Returns whether the engine was asked just now: the caller then sees to give_up().
    bool request(const Target& target, Answered answered);
    // The engine has taken too long: everybody waiting gets 503. An answer that comes later is
    // kept.
    void give_up();
    bool waiting() const { return !waiting_.empty(); }

  private:
    struct Kept {
        Target target;
        Page page;
        core::Timestamp since;
    };
    const Page* kept(const Target& target) const;
    void keep(const Target& target, const Page& page);
    void finish(const AccountQuery* answer);
    void answer_all(const Page& page);

    const core::RiskParameters& parameters_;
    feeds::Clock& clock_;
    Ask ask_;
    std::vector<Kept> kept_;  // oldest first
    Target asked_;            // what is in flight
    bool in_flight_ = false;
    std::vector<Answered> waiting_;
    // The engine's answer may come after the desk is gone.
    std::shared_ptr<AccountDesk*> self_ = std::make_shared<AccountDesk*>(this);
};

}  // namespace margind::daemon
