// Account updates over TCP, as numbered lines of JSON: docs/account-stream.md.
//
// Thread: the io_context's, except statistics(). A line costs about three microseconds of it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "config/settings.hpp"
#include "core/time.hpp"
#include "daemon/ingress/update_desk.hpp"
#include "feeds/session.hpp"

namespace margind::daemon {

struct AccountStreamStatistics {
    std::uint64_t connections = 0;
    std::uint64_t connections_total = 0;
    std::uint64_t connections_refused_total = 0;  // over connections_max
    std::uint64_t taken_over_total = 0;           // closed: a newer one sends for the same source
    std::uint64_t unnumbered_total = 0;           // lines whose number could not be read
    std::vector<SourceStatistics> sources;        // empty: nobody listens
};

class AccountListener {
  public:
    // Binds and listens; throws std::system_error naming address and port when it cannot.
    // `taken`: the last number taken of each source before, by its place in the settings; none, or
    // one for each. What `links` and `clock` refer to outlives the listener.
    AccountListener(boost::asio::io_context& io, const config::AccountListenerSettings& settings,
                    const UpdateLinks& links, feeds::Clock& clock, std::string session_id,
                    std::span<const std::uint64_t> taken = {});
    ~AccountListener();
    AccountListener(const AccountListener&) = delete;
    AccountListener& operator=(const AccountListener&) = delete;

    std::uint16_t port() const;
    // Sends answers that are due, and reads on where a line had to wait. To be called in every
    // round of the thread. Returns how much it did.
    int work();
    // Whether there is something for work() that nobody rings for.
    bool watching() const;
    // Whether there is something for work() now.
    bool has_work() const;

    // No more lines: those under way are answered, while work() is called, and everybody is told.
    void stop_reading();
    // Requires: stop_reading(). Calls `done` once, when all are gone or `timeout` has passed.
    void drain(core::Duration timeout, std::function<void()> done);
    AccountStreamStatistics statistics() const;  // any thread

  private:
    class Implementation;
    std::shared_ptr<Implementation> implementation_;
};

}  // namespace margind::daemon
