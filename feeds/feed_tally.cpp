#include "feeds/feed_tally.hpp"

#include <algorithm>
#include <utility>

namespace margind::feeds {
namespace {

constexpr std::size_t kShownBytes = 200;  // of a refused message

// The start of a message, without what would garble a log.
std::string shown(std::string_view text) {
    std::string result(text.substr(0, kShownBytes));
    for (char& c : result) {
        if (c < ' ' || c > '~') c = '?';
    }
    if (text.size() > kShownBytes) result += "...";
    return result;
}

}  // namespace

void FeedTally::message(std::string_view text, const DecodeResult& result) {
    const auto reason = static_cast<std::size_t>(result.reason);
    add(messages_, 1);
    add(bytes_, text.size());
    add(by_verdict_[static_cast<std::size_t>(result.verdict)], 1);
    add(by_reason_[reason], 1);
    const bool odd = result.verdict == Verdict::rejected || result.reason == Reason::unknown_type;
    if (!odd) return;
    const std::uint64_t count = by_reason_[reason].load(std::memory_order_relaxed);
    if (count < tell_at_[reason]) return;
    tell_at_[reason] = count * 10;
    note_reject(text, result, count);
}

void FeedTally::note_reject(std::string_view text, const DecodeResult& result,
                            std::uint64_t count) {
    reject_ = result.verdict == Verdict::rejected ? "refused a message (" : "ignored a message (";
    reject_ += to_string(result.reason);
    reject_ += ", " + std::to_string(count) + " so far): " + shown(text);
    publish_texts();
}

void FeedTally::state(core::FeedState state, core::FeedReason reason) noexcept {
    state_.store(state, std::memory_order_relaxed);
    reason_.store(reason, std::memory_order_relaxed);
}

void FeedTally::problem(std::string what) {
    problem_ = std::move(what);
    publish_texts();
}

void FeedTally::publish_texts() {
    const std::unique_lock lock(texts_mutex_, std::try_to_lock);
    unpublished_ = !lock.owns_lock();
    if (unpublished_) return;
    published_problem_ = problem_;
    published_reject_ = reject_;
}

FeedStatistics FeedTally::read() const {
    const auto value = [](const Counter& counter) {
        return counter.load(std::memory_order_relaxed);
    };
    FeedStatistics result;
    result.messages = value(messages_);
    result.bytes = value(bytes_);
    result.ticks = value(ticks_);
    result.connects = value(connects_);
    result.disconnects = value(disconnects_);
    std::transform(by_verdict_.begin(), by_verdict_.end(), result.by_verdict.begin(), value);
    std::transform(by_reason_.begin(), by_reason_.end(), result.by_reason.begin(), value);
    result.state = state_.load(std::memory_order_relaxed);
    result.reason = reason_.load(std::memory_order_relaxed);
    const std::lock_guard lock(texts_mutex_);
    result.last_problem = published_problem_;
    result.last_reject = published_reject_;
    return result;
}

std::string_view to_string(Reason reason) {
    switch (reason) {
        case Reason::none:
            return "none";
        case Reason::acknowledged:
            return "acknowledged";
        case Reason::request_refused:
            return "request_refused";
        case Reason::heartbeat:
            return "heartbeat";
        case Reason::shutdown_notice:
            return "shutdown_notice";
        case Reason::depth:
            return "depth";
        case Reason::candle:
            return "candle";
        case Reason::statistics:
            return "statistics";
        case Reason::liquidation_print:
            return "liquidation_print";
        case Reason::order_flow:
            return "order_flow";
        case Reason::stale_repeat:
            return "stale_repeat";
        case Reason::not_price_discovery:
            return "not_price_discovery";
        case Reason::other_known:
            return "other_known";
        case Reason::unknown_type:
            return "unknown_type";
        case Reason::not_json:
            return "not_json";
        case Reason::missing_field:
            return "missing_field";
        case Reason::wrong_type:
            return "wrong_type";
        case Reason::bad_number:
            return "bad_number";
        case Reason::not_positive:
            return "not_positive";
        case Reason::crossed_book:
            return "crossed_book";
        case Reason::bad_time:
            return "bad_time";
        case Reason::bad_symbol:
            return "bad_symbol";
        case Reason::too_many_ticks:
            return "too_many_ticks";
        case Reason::count_:
            break;
    }
    return "?";
}

}  // namespace margind::feeds
