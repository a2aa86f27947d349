// Everything a config file can say, typed and checked. `config/margind.example.yaml` documents each
// key with unit, range and default; `load` turns YAML into this.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/engine/engine.hpp"
#include "core/limits.hpp"
#include "core/parameters.hpp"
#include "core/time.hpp"
#include "feeds/session.hpp"

namespace margind::config {

// Which duty cycles share a thread.
enum class Layout : std::uint8_t {
    inline_,  // feeds, engine and gateway on one spinning thread; no queue in between
    paired,   // io thread and engine thread, a queue each way
};

// What a thread does when it has nothing to do.
enum class Idle : std::uint8_t {
    spin,   // lowest latency, a whole core
    yield,  // gives way to others on its core
    park,   // sleeps until woken; costs the waker a system call
};

struct ThreadSettings {
    Layout layout = Layout::paired;
    Idle engine_idle = Idle::park;
    Idle io_idle = Idle::park;
    int engine_cpu = -1;  // -1: not pinned
    int io_cpu = -1;
    int shard_cpu = -1;  // of the first shard's thread; each further one has the next CPU
    int cold_cpu = -1;
    bool lock_memory = false;  // mlockall; needs the privilege, start-up fails without it
};

struct EngineSettings {
    core::Search search = core::Search::bands;
    // Engine threads that owners are spread over; above 1 only with layout paired.
    std::uint32_t shards = 1;
    core::AuditRule audit;
};

inline core::EngineOptions engine_options(const EngineSettings& settings) {
    return {.search = settings.search, .audit = settings.audit};
}

struct QueueSettings {
    std::uint32_t inputs = 65'536;  // trades, account updates, slot ids waiting for the engine
    std::uint32_t events = 65'536;  // events waiting for the gateway
    // Of each shard, where there are several. A price in a shard's queue is not overtaken any more.
    std::uint32_t shard_inputs = 1'024;
    std::uint32_t shard_events = 4'096;
};

struct EventListenerSettings {
    std::string address = "127.0.0.1";  // loopback only until listeners have authentication
    std::uint16_t port = 7411;          // 0: any free port, printed at start
    std::uint32_t subscribers_max = 64;
    // Further behind, a subscriber is read the past from the journal; without one it is cut off.
    std::uint64_t subscriber_buffer_bytes = 8 * 1024 * 1024;
    core::Duration catch_up_for = core::Duration::from_seconds(60);   // then it is cut off
    core::Duration stalled_after = core::Duration::from_seconds(30);  // as who takes nothing
    core::Duration heartbeat = core::Duration::from_seconds(1);
};

// What has to be on disk before others are told.
enum class Durability : std::uint8_t {
    none,    // there is no journal
    memory,  // nothing; records survive the end of the process, not that of the machine
    group,   // the event that leaves, the account update that is acknowledged
};

struct JournalSettings {
    std::filesystem::path directory;  // empty: no journal, a restart begins from nothing
    Durability durability = Durability::group;
    core::Duration commit_every = core::Duration::from_ms(1);  // then what there is goes to disk
    std::uint64_t segment_bytes = 128 * 1024 * 1024;
    std::uint64_t ring_bytes = 64 * 1024 * 1024;  // records waiting for the journal's thread
    // Durability memory: the folder, on tmpfs, of the file that holds that ring.
    std::filesystem::path memory_directory = "/dev/shm";
    core::Duration snapshot_every = core::Duration::from_seconds(600);
    std::uint64_t retain_bytes = 0;  // of sealed segments; 0: no limit
    core::Duration retain_for = core::Duration::from_seconds(30 * 86'400);
    std::uint64_t free_low_bytes = 1024ULL * 1024 * 1024;  // less than this free: disk_low

    friend bool operator==(const JournalSettings&, const JournalSettings&) = default;
};

struct AdminSettings {
    bool enabled = true;
    std::string address = "127.0.0.1";
    std::uint16_t port = 7430;  // 0: any free port, printed at start
};

struct LogSettings {
    std::string level = "info";  // trace, debug, info, warn, error
    std::filesystem::path file;  // empty: standard error
};

// Those that send account updates over TCP are told apart by the engine (Input::origin); the
// accounts file and recordings are two senders of their own and come first.
inline constexpr std::size_t kFirstListenedOrigin = 2;
inline constexpr std::size_t kAccountSourcesMax = core::kMaxAccountSources - kFirstListenedOrigin;

// Account updates over TCP: docs/account-stream.md.
struct AccountListenerSettings {
    bool enabled = true;
    std::string address = "127.0.0.1";  // loopback only until listeners have authentication
    std::uint16_t port = 7421;          // 0: any free port, printed at start
    // Who may send: each numbers its updates by itself. None: nobody listens.
    std::vector<std::string> sources;
    std::uint32_t connections_max = 16;
    std::uint32_t unanswered_max = 1'024;  // lines of one source that wait for their answers

    bool listens() const { return enabled && !sources.empty(); }
    friend bool operator==(const AccountListenerSettings&,
                           const AccountListenerSettings&) = default;
};

struct AccountsSettings {
    std::filesystem::path file;  // NDJSON, loaded before the first feed connects; empty: none
    AccountListenerSettings listen;
};

struct Settings {
    std::string path;  // where it was read from, for messages
    std::string text;  // what stood there, for the journal
    core::RiskParameters risk;
    // Per instrument, what `generate` takes as today's price; zero: none. The daemon ignores it.
    std::vector<core::Price> reference_prices;
    std::vector<feeds::FeedOptions> feeds;  // same order as risk.feeds
    AccountsSettings accounts;
    EngineSettings engine;
    ThreadSettings threads;
    QueueSettings queues;
    EventListenerSettings events;
    JournalSettings journal;
    AdminSettings admin;
    bool ports_overridden = false;   // events.port and admin.port come from the command line
    bool search_overridden = false;  // engine.search does
    LogSettings log;
    std::uint64_t seed = 1;  // of the back-off jitter
};

// A problem of a config file: where, what, and what to do about it.
struct Problem {
    std::string file;
    int line = 0;     // 1-based; 0: the file as a whole
    std::string key;  // dotted path, e.g. instruments[2].tiers[0].initial_rate
    std::string message;
};
std::string to_string(const Problem& problem);  // file:line key: message

// Reads and checks a file. `problems` holds every problem found, not just the first; settings may
// be used only when it is empty. Relative paths in the file are relative to the file's folder.
struct Loaded {
    Settings settings;
    std::vector<Problem> problems;
};
Loaded load(const std::filesystem::path& file);
Loaded load_text(const std::string& text, const std::filesystem::path& name);

// Every key a file may hold, as patterns such as instruments[].tiers[].initial_rate, sorted. Found
// by asking the loader, so it cannot differ from what the loader does.
std::vector<std::string> accepted_keys();

}  // namespace margind::config
