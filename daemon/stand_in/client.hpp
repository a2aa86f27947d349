// A connected client as the dialect sees it: what it listens to, and how to answer it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/time.hpp"
#include "daemon/stand_in/dialect.hpp"
#include "daemon/stand_in/peer.hpp"

namespace margind::daemon::stand_in {

// What a client needs of its venue.
class ClientHost {
  public:
    virtual const Dialect& dialect() const = 0;
    virtual core::Timestamp now() const = 0;
    virtual bool refusing() const = 0;
    virtual std::optional<std::uint32_t> find_stream(std::string_view key) const = 0;
    virtual void count_listener(std::uint32_t stream, int change) = 0;

  protected:
    ~ClientHost() = default;
};

class ConnectedClient final : public Client {
  public:
    ConnectedClient(ClientHost& host, Peer& peer) : host_(host), peer_(peer) {}

    // ---- of the connection
    void opened(core::Timestamp now, core::Duration ping_every) {
        open_ = true;
        opened_at_ = now;
        ping_at_ = now + ping_every;
    }
    bool open() const { return open_; }
    void ponged() { awaits_pong_ = false; }
    void leave() {
        for (const std::uint32_t stream : streams_) host_.count_listener(stream, -1);
        streams_.clear();
    }
    // Pings, and cuts off a client that did not answer the last ping or has not subscribed in time.
    void keep_alive(core::Timestamp now, core::Duration ping_every) {
        const core::Duration within = host_.dialect().subscribe_within();
        if (within > core::Duration{} && keys_.empty() && now - opened_at_ > within) {
            return peer_.close("no subscription");
        }
        if (now < ping_at_) return;
        if (awaits_pong_) return peer_.drop();
        awaits_pong_ = true;
        ping_at_ = now + ping_every;
        peer_.ping();
    }

    // ---- of the subscriptions
    bool listens() const { return !streams_.empty(); }
    bool listens_to(std::uint32_t stream) const { return streams_.contains(stream); }
    void send(std::string text) {
        peer_.send(std::make_shared<const std::string>(std::move(text)));
    }

    // ---- Client
    void reply(std::string text) override { send(std::move(text)); }
    bool subscribe(std::string_view stream) override {
        const auto index = host_.find_stream(stream);
        if (!index && !host_.dialect().steady_stream(stream)) return false;
        keys_.emplace(stream);
        if (index && streams_.insert(*index).second) host_.count_listener(*index, 1);
        return true;
    }
    void unsubscribe(std::string_view stream) override {
        keys_.erase(std::string(stream));
        const auto index = host_.find_stream(stream);
        if (index && streams_.erase(*index) > 0) host_.count_listener(*index, -1);
    }
    bool knows(std::string_view stream) const override {
        return host_.find_stream(stream).has_value();
    }
    std::vector<std::string> subscribed() const override { return {keys_.begin(), keys_.end()}; }
    std::string_view target() const override { return peer_.target(); }
    bool refusing() const override { return host_.refusing(); }
    std::uint64_t next_number() override { return number_++; }
    core::Timestamp now() const override { return host_.now(); }

  private:
    ClientHost& host_;
    Peer& peer_;
    std::set<std::string> keys_;
    std::set<std::uint32_t> streams_;
    bool open_ = false;
    bool awaits_pong_ = false;
    core::Timestamp opened_at_;
    core::Timestamp ping_at_;
    std::uint64_t number_ = 0;
};

}  // namespace margind::daemon::stand_in
