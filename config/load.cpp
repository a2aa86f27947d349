#include <fstream>
#include <sstream>

#include "config/load_accounts.hpp"
#include "config/load_risk.hpp"
#include "config/scalars.hpp"
#include "config/settings.hpp"
#include "config/yaml_reader.hpp"
#include "core/shards/shard_input.hpp"

namespace margind::config {
namespace {

constexpr std::size_t kFileBytesMax = 16 * 1024 * 1024;
constexpr std::int64_t kCpuMax = 1'023;
constexpr std::int64_t kAuditedMax = 100'000;
constexpr std::int64_t kAuditEveryMax = 1'000'000'000;
constexpr std::int64_t kQueueMin = 1'024;
constexpr std::int64_t kShardQueueMin = 16;
constexpr std::int64_t kQueueMax = 4'194'304;

constexpr std::pair<const char*, Layout> kLayouts[] = {{"inline", Layout::inline_},
                                                       {"paired", Layout::paired}};
constexpr std::pair<const char*, core::Search> kSearches[] = {
    {"bands", core::Search::bands}, {"reference", core::Search::reference}};
constexpr std::pair<const char*, Idle> kIdles[] = {
    {"spin", Idle::spin}, {"yield", Idle::yield}, {"park", Idle::park}};
constexpr std::pair<const char*, Durability> kDurabilities[] = {{"memory", Durability::memory},
                                                                {"group", Durability::group}};
constexpr std::pair<const char*, const char*> kLevels[] = {
    {"trace", "trace"}, {"debug", "debug"}, {"info", "info"}, {"warn", "warn"}, {"error", "error"}};

void read_threads(MapReader& root, ThreadSettings& threads) {
    MapReader map = root.map("threads");
    map.choice("layout", threads.layout, kLayouts);
    map.choice("engine_idle", threads.engine_idle, kIdles);
    map.choice("io_idle", threads.io_idle, kIdles);
    map.whole("engine_cpu", threads.engine_cpu, -1, kCpuMax);
    map.whole("io_cpu", threads.io_cpu, -1, kCpuMax);
    map.whole("shard_cpu", threads.shard_cpu, -1, kCpuMax);
    map.whole("cold_cpu", threads.cold_cpu, -1, kCpuMax);
    map.value("lock_memory", threads.lock_memory, parse_flag);
    map.finish();
    if (threads.layout == Layout::paired && threads.engine_cpu >= 0 &&
        threads.engine_cpu == threads.io_cpu && threads.engine_idle == Idle::spin &&
        threads.io_idle == Idle::spin) {
        map.problem("io_cpu",
                    "two threads must not spin on one CPU; use another, or layout inline");
    }
}

void read_events(MapReader& root, EventListenerSettings& events) {
    MapReader map = root.map("events");
    read_loopback(map, events.address);
    map.whole("port", events.port, 0, kPortMax);
    map.whole("subscribers_max", events.subscribers_max, 1, 1'024);
    map.whole("subscriber_buffer_bytes", events.subscriber_buffer_bytes, 65'536, 1'073'741'824);
    if (map.value("heartbeat", events.heartbeat, parse_duration) &&
        (events.heartbeat < core::Duration::from_ms(10) ||
         events.heartbeat > core::Duration::from_seconds(3'600))) {
        map.problem("heartbeat", "must be from 10ms to 1h");
    }
    const auto read_patience = [&map](const char* key, core::Duration& patience) {
        if (map.value(key, patience, parse_duration) &&
            (patience < core::Duration::from_ms(100) ||
             patience > core::Duration::from_seconds(3'600))) {
            map.problem(key, "must be from 100ms to 1h");
        }
    };
    read_patience("catch_up_for", events.catch_up_for);
    read_patience("stalled_after", events.stalled_after);
    map.finish();
}

void read_admin(MapReader& root, const EventListenerSettings& events, AdminSettings& admin) {
    MapReader map = root.map("admin");
    map.value("enabled", admin.enabled, parse_flag);
    read_loopback(map, admin.address);
    map.whole("port", admin.port, 0, kPortMax);
    map.finish();
    if (admin.enabled && admin.port != 0 && admin.port == events.port &&
        admin.address == events.address) {
        const char* written = map.has("port") ? "admin.port" : "events.port";
        root.document().problem(root.document().place_of(written),
                                "admin and events have the same port; use another");
    }
}

void read_span(MapReader& map, const char* key, core::Duration least, core::Duration most,
               const char* range, core::Duration& value) {
    if (map.value(key, value, parse_duration) && (value < least || value > most)) {
        map.problem(key, std::string("must be from ") + range);
    }
}

void read_journal(MapReader& root, Settings& settings) {
    constexpr std::int64_t kMiB = 1'048'576;
    JournalSettings& journal = settings.journal;
    MapReader map = root.map("journal");
    std::string directory;
    if (map.text("directory", directory)) journal.directory = beside(settings, directory);
    map.choice("durability", journal.durability, kDurabilities);
    read_span(map, "commit_every", core::Duration::from_ns(100'000), core::Duration::from_ms(100),
              "100us to 100ms", journal.commit_every);
    map.whole("segment_bytes", journal.segment_bytes, kMiB, 4'096 * kMiB);
    map.whole("ring_bytes", journal.ring_bytes, kMiB, 16'384 * kMiB);
    std::string memory;
    if (map.text("memory_directory", memory)) journal.memory_directory = beside(settings, memory);
    read_span(map, "snapshot_every", core::Duration::from_seconds(1),
              core::Duration::from_seconds(7 * 86'400), "1s to 168h", journal.snapshot_every);
    map.whole("retain_bytes", journal.retain_bytes, 0, std::numeric_limits<std::int64_t>::max());
    read_span(map, "retain_for", core::Duration::from_seconds(60),
              core::Duration::from_seconds(10LL * 366 * 86'400), "60s to 87840h",
              journal.retain_for);
    map.whole("free_low_bytes", journal.free_low_bytes, 0,
              std::numeric_limits<std::int64_t>::max());
    map.finish();
    if (journal.directory.empty()) journal.durability = Durability::none;
}

void read_log(MapReader& root, Settings& settings) {
    MapReader map = root.map("log");
    const char* level = settings.log.level.c_str();
    if (map.choice("level", level, kLevels)) settings.log.level = level;
    std::string file;
    if (map.text("file", file)) settings.log.file = beside(settings, file);
    map.finish();
}

void check_shards(MapReader& engine, const Settings& settings) {
    const ThreadSettings& threads = settings.threads;
    if (settings.engine.shards == 1) return;
    const auto on_shard = [&](int cpu) {
        return cpu >= 0 && cpu >= threads.shard_cpu &&
               cpu < threads.shard_cpu + static_cast<int>(settings.engine.shards);
    };
    if (threads.shard_cpu >= 0 && threads.engine_idle == Idle::spin &&
        (on_shard(threads.engine_cpu) ||
         (threads.io_idle == Idle::spin && on_shard(threads.io_cpu)))) {
        engine.problem(
            "shards",
            "two threads must not spin on one CPU; shards take shard_cpu and those after "
            "it, choose others for engine_cpu and io_cpu");
    }
    if (threads.layout == Layout::inline_) {
        engine.problem("shards", "shards have threads of their own; use layout paired, or 1 shard");
    }
}

void read_daemon(MapReader& root, Settings& settings) {
    read_accounts(root, settings);
    MapReader engine = root.map("engine");
    engine.choice("search", settings.engine.search, kSearches);
    engine.whole("shards", settings.engine.shards, 1, core::kShardsMax);
    MapReader audit = engine.map("audit");
    audit.whole("accounts", settings.engine.audit.accounts, 0, kAuditedMax);
    audit.whole("every_inputs", settings.engine.audit.every_inputs, 1, kAuditEveryMax);
    audit.finish();
    engine.finish();
    read_threads(root, settings.threads);
    check_shards(engine, settings);
    MapReader queues = root.map("queues");
    queues.whole("inputs", settings.queues.inputs, kQueueMin, kQueueMax);
    queues.whole("events", settings.queues.events, kQueueMin, kQueueMax);
    queues.whole("shard_inputs", settings.queues.shard_inputs, kShardQueueMin, kQueueMax);
    queues.whole("shard_events", settings.queues.shard_events, kShardQueueMin, kQueueMax);
    queues.finish();
    read_events(root, settings.events);
    read_journal(root, settings);
    read_admin(root, settings.events, settings.admin);
    check_accounts_port(root, settings);
    read_log(root, settings);
    root.whole("seed", settings.seed, 0, std::numeric_limits<std::int64_t>::max());
}

// core::validate speaks of members of RiskParameters; the document knows their lines.
void check_risk(Document& document, const core::RiskParameters& risk) {
    for (const std::string& problem : core::validate(risk)) {
        const std::size_t colon = problem.find(": ");
        document.consequence(problem.substr(0, colon), problem.substr(colon + 2));
    }
}

void read_root(Document& document, const YAML::Node& node, Settings& settings) {
    MapReader root(document, "", node, {"", 1});
    load_risk(root, settings);
    read_daemon(root, settings);
    root.finish();
    check_risk(document, settings.risk);
}

std::vector<std::string> keys_of(const std::string& text) {
    Document document("");
    Settings settings;
    read_root(document, YAML::Load(text), settings);
    return {document.keys().begin(), document.keys().end()};
}

}  // namespace

std::string to_string(const Problem& problem) {
    std::string text = problem.file;
    if (problem.line > 0) text += ":" + std::to_string(problem.line);
    if (!problem.key.empty()) text += " " + problem.key;
    return text + ": " + problem.message;
}

Loaded load_text(const std::string& text, const std::filesystem::path& name) {
    Loaded loaded;
    loaded.settings.path = name.string();
    loaded.settings.text = text;
    Document document(name.string());
    try {
        const std::vector<YAML::Node> documents = YAML::LoadAll(text);
        if (documents.size() > 1) {
            document.problem({"", 0}, "holds several YAML documents; keep one");
        } else {
            const YAML::Node root = documents.empty() ? YAML::Node() : documents.front();
            read_root(document, root, loaded.settings);
        }
    } catch (const YAML::Exception& error) {  // yaml-cpp's way to say that the text is not YAML
        document.problem({"", error.mark.is_null() ? 0 : error.mark.line + 1},
                         "is not valid YAML: " + error.msg);
    }
    loaded.problems = document.take_problems();
    return loaded;
}

Loaded load(const std::filesystem::path& file) {
    const auto refuse = [&](std::string message) {
        Loaded refused;
        refused.problems.push_back({file.string(), 0, "", std::move(message)});
        return refused;
    };
    std::error_code error;
    if (!std::filesystem::is_regular_file(file, error)) {
        return refuse("is not a file; name a config file, such as config/margind.example.yaml");
    }
    if (std::filesystem::file_size(file, error) > kFileBytesMax) {
        return refuse("is larger than 16 MiB; that is no config file");
    }
    std::ifstream stream(file, std::ios::binary);
    std::ostringstream text;
    text << stream.rdbuf();
    if (!stream) return refuse("cannot be read; check its permissions");
    return load_text(text.str(), file);
}

std::vector<std::string> accepted_keys() {
    // Sections are asked for whether present or not; lists need an item to look into, and what may
    // be written by level a section.
    return keys_of(
        "assets: [{haircut: {}, haircut_tiers: [{}], borrow_tiers: [{}]}]\nfeeds: [{}]\n"
        "instruments: [{tiers: [{}], sources: [{}], liquidation_fee: {}}]\n");
}

}  // namespace margind::config
