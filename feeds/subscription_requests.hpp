// The requests that subscribe a connection: when each may be sent, and which are confirmed. A pure
// policy: time enters with each call.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/time.hpp"

namespace margind::feeds {

class SubscriptionRequests {
  public:
    // What the venue accepts in a second. One less is used: our pongs and pings count there, too.
    explicit SubscriptionRequests(std::uint32_t messages_per_second_max)
        : spacing_(core::Duration::from_ns(
              1'000'000'000 / (std::max<std::uint32_t>(messages_per_second_max, 2) - 1))) {}

    // A new connection. `texts` carry the ids first_id, first_id + 1 ...
    void restart(std::vector<std::string> texts, std::uint64_t first_id, core::Timestamp now) {
        texts_ = std::move(texts);
        first_id_ = first_id;
        sent_ = 0;
        confirmed_.assign(texts_.size(), false);
        unconfirmed_ = texts_.size();
        send_at_ = now;
    }

    bool all_sent() const { return sent_ == texts_.size(); }
    core::Timestamp send_at() const { return send_at_; }  // the next one; unless all_sent()

    // The next request, if it may be sent now.
    std::optional<std::string> take(core::Timestamp now) {
        if (all_sent() || now < send_at_) return std::nullopt;
        send_at_ = now + spacing_;
        return std::move(texts_[sent_++]);
    }

    // The venue has accepted a request. Id zero: it does not say which; they come in order.
    // Unknown ids and repeated confirmations change nothing.
    void confirm(std::uint64_t id) {
        const std::size_t index =
            id == 0 ? confirmed_.size() - unconfirmed_ : static_cast<std::size_t>(id - first_id_);
        if (index >= sent_ || confirmed_[index]) return;
        confirmed_[index] = true;
        --unconfirmed_;
    }

    std::size_t size() const { return confirmed_.size(); }
    std::size_t unconfirmed() const { return unconfirmed_; }

  private:
    core::Duration spacing_;
    std::vector<std::string> texts_;
    std::uint64_t first_id_ = 0;
    std::size_t sent_ = 0;
    std::vector<bool> confirmed_;
    std::size_t unconfirmed_ = 0;
    core::Timestamp send_at_;
};

}  // namespace margind::feeds
