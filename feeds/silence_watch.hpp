// Which topics of a connection have gone quiet. A connection can be healthy, answer pings and still
// bring nothing on a topic; only data counts. A pure policy: time enters with each call.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/time.hpp"
#include "feeds/venue.hpp"

namespace margind::feeds {

enum class Silence : std::uint8_t {
    none,       // every topic brought data within the limit
    silent,     // some topic did not
    reconnect,  // ... for kReconnectFactor times the limit: try a new connection
};

class SilenceWatch {
  public:
    // A topic silent for so many limits asks for a new connection, once: if that does not bring it
    // back, the topic is quiet for a reason of its own, and cutting the others off again would do
    // harm. A connection on which everything is silent is always given up.
    static constexpr std::int64_t kReconnectFactor = 3;

    SilenceWatch(std::vector<Topic> topics, core::Duration limit);

    // A new connection is subscribed: every topic has the whole limit to bring data.
    void restart(core::Timestamp now) noexcept;

    // A connection that we did not read for a while is read again: that time counts for nobody. A
    // topic that was silent before still is.
    void forgive(core::Timestamp now) noexcept;

    // Data on a topic. Topics that were not asked for are ignored. O(1), allocates nothing.
    void saw(std::string_view symbol, core::Channel channel, core::Timestamp now) noexcept;

    // O(topics): for the housekeeping timer.
    Silence check(core::Timestamp now) noexcept;

    // Topics found silent by check() that have not brought data since.
    std::size_t silent_count() const noexcept { return silent_count_; }
    // The topic quiet for the longest time, and since when. Requires: at least one topic.
    struct Quiet {
        const Topic& topic;
        core::Timestamp since;
    };
    Quiet quietest() const noexcept;

  private:
    struct Watched {
        Topic topic;
        core::Timestamp last;
        bool silent = false;
        bool reconnect_tried = false;
    };
    static constexpr std::uint32_t kFree = 0xffff'ffff;

    std::size_t slot_of(std::string_view symbol, core::Channel channel) const noexcept;

    core::Duration limit_;
    std::vector<Watched> watched_;
    std::vector<std::uint32_t> table_;  // open addressing, a power of two, at most half full
    std::size_t silent_count_ = 0;
};

}  // namespace margind::feeds
