#include "daemon/admin/account_desk.hpp"

#include <algorithm>
#include <utility>

namespace margind::daemon {
namespace {

bool same(const Target& a, const Target& b) {
    return a.endpoint == b.endpoint && a.limit == b.limit && a.key == b.key;
}

Page busy(std::string_view message) {
    Page page = error_page(503, message);
    page.retry_after_seconds = 1;
    return page;
}

AccountQuery query_of(const Target& target) {
    AccountQuery query;
    query.kind = target.endpoint == Endpoint::one_account ? AccountQuery::Kind::one
                                                          : AccountQuery::Kind::worst;
    query.limit = target.limit;
    query.key = target.key;
    return query;
}

}  // namespace

AccountDesk::AccountDesk(const core::RiskParameters& parameters, feeds::Clock& clock, Ask ask)
    : parameters_(parameters), clock_(clock), ask_(std::move(ask)) {}

AccountDesk::~AccountDesk() {
    *self_ = nullptr;
}

bool AccountDesk::request(const Target& target, Answered answered) {
    if (const Page* page = kept(target); page != nullptr) {
        answered(*page);
        return false;
    }
    if (in_flight_) {
        // Nobody waits for an answer that is overdue: nothing would wake them.
        const bool overdue = waiting_.empty();
        if (!overdue && same(asked_, target) && waiting_.size() < kWaitingMax) {
            waiting_.push_back(std::move(answered));
        } else {
            answered(busy("the engine is answering another question; ask again"));
        }
        return false;
    }
    asked_ = target;
    in_flight_ = true;
    waiting_.push_back(std::move(answered));
    const bool taken = ask_(query_of(target), [self = self_](const AccountQuery* answer) {
        if (*self != nullptr) (*self)->finish(answer);
    });
    if (taken) return in_flight_;  // it may have answered at once
    in_flight_ = false;
    answer_all(busy("the engine is answering another question; ask again"));
    return false;
}

void AccountDesk::give_up() {
    answer_all(busy("the engine did not answer in time; see margind_engine_report_age_seconds"));
}

void AccountDesk::finish(const AccountQuery* answer) {
    if (!in_flight_) return;
    in_flight_ = false;
    if (answer == nullptr) return give_up();
    const core::Timestamp now = clock_.now();
    const Page page = answer->kind == AccountQuery::Kind::one
                          ? account_page(*answer, parameters_, now)
                          : accounts_page(*answer, now);
    keep(asked_, page);
    answer_all(page);
}

void AccountDesk::answer_all(const Page& page) {
    // An answer may lead to the next request: it must find the desk ready.
    for (const Answered& answered : std::exchange(waiting_, {})) answered(page);
}

const Page* AccountDesk::kept(const Target& target) const {
    const core::Timestamp now = clock_.now();
    const auto found = std::find_if(kept_.rbegin(), kept_.rend(),
                                    [&](const Kept& k) { return same(k.target, target); });
    return found != kept_.rend() && now - found->since < kKeptFor ? &found->page : nullptr;
}

void AccountDesk::keep(const Target& target, const Page& page) {
    std::erase_if(kept_, [&](const Kept& k) { return same(k.target, target); });
    if (kept_.size() == kKept) kept_.erase(kept_.begin());
    kept_.push_back({.target = target, .page = page, .since = clock_.now()});
}

}  // namespace margind::daemon
