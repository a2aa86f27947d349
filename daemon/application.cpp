#include "daemon/application.hpp"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "core/engine/engine.hpp"
#include "daemon/accounts_file.hpp"
#include "daemon/admin/admin.hpp"
#include "daemon/clock.hpp"
#include "daemon/commands/command.hpp"
#include "daemon/gateway/event_json.hpp"
#include "daemon/gateway/gateway.hpp"
#include "daemon/ingress/account_intake.hpp"
#include "daemon/journal/live_journal.hpp"
#include "daemon/process.hpp"
#include "daemon/reload.hpp"
#include "daemon/threads/cold_cycle.hpp"
#include "daemon/threads/doorbell.hpp"
#include "daemon/threads/engine_cycle.hpp"
#include "daemon/threads/engine_duty.hpp"
#include "daemon/threads/event_queue.hpp"
#include "daemon/threads/event_sinks.hpp"
#include "daemon/threads/feed_inputs.hpp"
#include "daemon/threads/io_cycle.hpp"
#include "daemon/threads/queued_delivery.hpp"
#include "daemon/threads/shard_front.hpp"
#include "daemon/threads/straight_through.hpp"
#include "feeds/normalise.hpp"

namespace margind::daemon {

namespace asio = boost::asio;

namespace {

using WorkGuard = asio::executor_work_guard<asio::io_context::executor_type>;

Doorbell* rung_when_parked(Doorbell& bell, config::Idle idle) {
    return idle == config::Idle::park ? &bell : nullptr;
}

}  // namespace

class Application::Implementation {
  public:
    explicit Implementation(config::Settings settings);

    std::uint16_t events_port() const { return gateway_->port(); }
    std::uint16_t admin_port() const { return admin_ ? admin_->port() : std::uint16_t{0}; }
    std::uint16_t accounts_port() const { return accounts_ ? accounts_->port() : std::uint16_t{0}; }
    int run();
    void request_stop() {
        asio::post(main_io_, [this]() { drain(); });
    }

  private:
    bool straight() const { return settings_.threads.layout == config::Layout::inline_; }
    bool sharded() const { return settings_.engine.shards > 1; }  // never inline: config/load.cpp

    bool waits_for_disk() const {
        return settings_.journal.durability == config::Durability::group;
    }

    const Durability& durability() const {
        return journal_ ? journal_->durability() : no_durability_;
    }

    void open_journal();
    core::EngineOptions engine_options() const {
        core::EngineOptions options = config::engine_options(settings_.engine);
        options.config_hash = config_hash(settings_.text);
        return options;
    }
    void build_engine_side();
    void build_shards(InputSource& inputs);
    void go_on_or_begin();
    void open_gateway();
    void open_accounts(const std::string& session);
    void open_sessions();
    void open_admin();

    void start_threads();
    using OnEnd = std::function<void(const std::exception_ptr&)>;
    void start_hot_threads(const OnEnd& on_engine_end, const OnEnd& on_io_end);
    [[noreturn]] static void thread_failed(const char* name, const std::exception_ptr& failure);
    void wait_for_signal();
    void drain();
    void reload();
    void submit(std::vector<core::Input> batch);
    void stop_cold();

    // Constant after construction.
    const config::Settings settings_;
    config::Settings running_;  // main thread's: as changed by reloads
    SystemClock clock_;
    const EventEncoder encoder_{settings_.risk};
    Published<EngineReport> reports_;
    QueryDesks queries_{settings_.engine.shards};
    Doorbell engine_bell_;
    Doorbell io_bell_;
    asio::io_context io_{1};
    asio::io_context cold_io_{1};
    asio::io_context main_io_{1};

    // The engine's side, in the order of the data.
    std::optional<LiveJournal> journal_;
    std::unique_ptr<core::Engine> engine_;  // where there are no shards
    HeldEvents held_events_;
    std::optional<QueuedDelivery> queued_;      // paired
    std::optional<EventQueue> event_queue_;     // paired, or where events wait for the disk
    std::optional<EngineCycle> single_;         // one engine
    std::optional<ShardFront> front_;           // shards
    InputCycle* cycle_ = nullptr;               // one of these
    std::optional<EngineDuty> duty_;            // paired
    std::optional<StraightDelivery> straight_;  // inline
    std::optional<FeedInputs> feed_inputs_;
    const Durability no_durability_{config::Durability::none};

    // The io thread's side.
    std::optional<Gateway> gateway_;
    std::optional<GatewaySink> gateway_sink_;  // inline
    std::optional<HeldBackEvents> held_back_;  // inline, where events wait for the disk
    std::optional<AccountIntake> accounts_;    // where somebody may send
    std::vector<std::shared_ptr<feeds::Session>> sessions_;
    std::optional<IoCycle> io_cycle_;

    // The cold thread's.
    std::optional<ColdCycle> cold_;
    std::optional<AdminServer> admin_;
    std::optional<WorkGuard> cold_work_;

    // The main thread's.
    asio::signal_set signals_{main_io_};
    bool draining_ = false;
    std::thread cold_thread_;
    std::vector<std::unique_ptr<DutyThread>> shard_threads_;
    std::optional<DutyThread> engine_thread_;
    std::optional<DutyThread> io_thread_;
};

Application::Implementation::Implementation(config::Settings settings)
    : settings_(std::move(settings)), running_(settings_) {
    check_cpus(settings_.threads, sharded() ? static_cast<int>(settings_.engine.shards) : 0);
    open_journal();
    build_engine_side();
    go_on_or_begin();
    open_gateway();
    open_sessions();
    open_admin();
    if (settings_.threads.lock_memory) lock_memory();
}

void Application::Implementation::open_journal() {
    if (settings_.journal.directory.empty()) {
        spdlog::warn(
            "journal: none is configured (journal.directory); a restart begins from "
            "nothing");
        return;
    }
    const config::Idle io_idle =
        straight() ? settings_.threads.engine_idle : settings_.threads.io_idle;
    journal_.emplace(settings_, clock_, rung_when_parked(io_bell_, io_idle));
    engine_ = journal_->take_engine();
}

void Application::Implementation::build_engine_side() {
    InputSource* inputs = nullptr;
    if (!straight() || waits_for_disk()) {
        event_queue_.emplace(
            settings_.queues.events,
            straight() ? nullptr : rung_when_parked(io_bell_, settings_.threads.io_idle));
    }
    if (!straight()) {
        queued_.emplace(settings_.risk, settings_.queues.inputs,
                        rung_when_parked(engine_bell_, settings_.threads.engine_idle));
        inputs = &*queued_;
    }
    if (sharded()) {
        build_shards(*queued_);
    } else {
        if (!engine_) engine_ = std::make_unique<core::Engine>(settings_.risk, engine_options());
        cycle_ =
            &single_.emplace(*engine_, &clock_, inputs, held_events_, &reports_, &queries_.desk(0));
    }
    if (straight()) {
        straight_.emplace(*single_);
        feed_inputs_.emplace(settings_.risk, clock_, *straight_);
    } else {
        duty_.emplace(*cycle_, &clock_, sharded() ? nullptr : &queries_.desk(0), engine_bell_);
        feed_inputs_.emplace(settings_.risk, clock_, *queued_);
    }
}

void Application::Implementation::build_shards(InputSource& inputs) {
    const ShardOptions options{
        .shards = settings_.engine.shards,
        .engine = engine_options(),
        .queues = {settings_.queues.shard_inputs, settings_.queues.shard_events},
        .idle = settings_.threads.engine_idle};
    cycle_ = &front_.emplace(settings_.risk, options, &clock_, &inputs, held_events_, &reports_,
                             queries_, rung_when_parked(engine_bell_, options.idle));
    if (!engine_) return;
    core::MemorySink state;
    std::string problem = "memory is short";
    if (!engine_->save(state) || !state.flush() || !front_->load(state.bytes, problem)) {
        throw StartupRefused(kFailed, "journal: the shards cannot go on from it: " + problem);
    }
    engine_.reset();
}

void Application::Implementation::go_on_or_begin() {
    if (!journal_) return load_accounts_or_refuse(settings_.accounts.file, *cycle_, clock_);
    const bool goes_on = journal_->last_input_seq() > 0;
    if (goes_on) cycle_->resume(journal_->last_input_seq(), journal_->engine_time());
    if (!goes_on) journal_->begin_loading();
    journal_->start();
    cycle_->record_in(journal_->tap());
    if (goes_on) {
        core::Input input = core::Input::of(
            core::DaemonInput{core::DaemonNotice::restarted, core::DaemonReason::restarted});
        input.receive_time = clock_.now();
        cycle_->accept(input);
        if (!settings_.accounts.file.empty()) {
            spdlog::info("accounts: {} is not read again: they are what the journal says",
                         settings_.accounts.file.string());
        }
    } else {
        load_accounts_or_refuse(settings_.accounts.file, *cycle_, clock_);
        // A run with no input on disk leaves nothing to go on from, and with durability memory
        // nobody would look for what it had told.
        if (cycle_->sequencer().last_input_seq() == 0) {
            core::Input input = core::Input::of(core::TimerInput{});
            input.receive_time = clock_.now();
            cycle_->accept(input);
        }
    }
    journal_->open_to_others(cycle_->sequencer().last_input_seq());
    if (!goes_on) journal_->finish_loading();
}

void Application::Implementation::open_gateway() {
    const std::string session =
        journal_ ? journal_->session() : fmt::format("{:x}-{:x}", clock_.now().ns(), getpid());
    EventHistory* const history = journal_ ? &journal_->open_history(io_, encoder_) : nullptr;
    gateway_.emplace(io_, settings_.events, encoder_, clock_, session, settings_.journal.durability,
                     history);
    for (const core::Event& event : held_events_.events()) {
        if (journal_ && !journal_->wait_for_event(event.event_seq)) break;
        gateway_->publish(event);
    }
    if (straight() && waits_for_disk()) {
        held_back_.emplace(*event_queue_, [this]() { return io_cycle_->hand_over_events(); });
        cycle_->deliver_to(*held_back_);
    } else if (straight()) {
        gateway_sink_.emplace(*gateway_, durability());
        cycle_->deliver_to(*gateway_sink_);
    } else {
        cycle_->deliver_to(*event_queue_);
    }
    open_accounts(session);
}

void Application::Implementation::open_accounts(const std::string& session) {
    if (!settings_.accounts.listen.listens()) return;
    Delivery& delivery = straight() ? static_cast<Delivery&>(*straight_) : *queued_;
    accounts_.emplace(io_, settings_, delivery, *cycle_, durability(), clock_,
                      rung_when_parked(io_bell_, settings_.threads.io_idle), session);
}

void Application::Implementation::open_sessions() {
    for (std::uint32_t i = 0; i < settings_.feeds.size(); ++i) {
        const core::FeedId feed(i);
        try {
            sessions_.push_back(feeds::make_session(io_, feed, settings_.feeds[i],
                                                    feeds::topics_of(settings_.risk, feed),
                                                    *feed_inputs_, clock_, settings_.seed + i));
        } catch (const std::invalid_argument& problem) {
            throw StartupRefused(kConfig, fmt::format("{}: feed {}: {}", settings_.path,
                                                      settings_.feeds[i].name, problem.what()));
        }
    }
    EngineSide side;
    if (straight()) {
        side.straight = &*single_;
    } else {
        side.inputs = &*queued_;
        side.duty = &*duty_;
    }
    if (event_queue_) side.events = &*event_queue_;
    if (journal_) side.journal = &journal_->durability();
    io_cycle_.emplace(io_, clock_, io_bell_, *feed_inputs_, sessions_, *gateway_, side,
                      accounts_ ? &accounts_->listener() : nullptr);
}

void Application::Implementation::open_admin() {
    Doorbell& bell = straight() ? io_bell_ : engine_bell_;
    ColdParts parts{settings_, clock_, reports_, queries_, *feed_inputs_, sessions_};
    parts.wake_engine = [this, &bell]() {
        bell.ring();
        if (front_) front_->ring_shards();
    };
    if (journal_) parts.journal = &journal_->durability();
    parts.tell_trouble = [this](core::DaemonReason trouble) {
        const bool over = trouble == core::DaemonReason::none;
        submit({core::Input::of(core::DaemonInput{
            over ? core::DaemonNotice::restored : core::DaemonNotice::degraded, trouble})});
    };
    cold_.emplace(cold_io_, std::move(parts));
    if (!settings_.admin.enabled) return;
    AdminSources sources;
    sources.engine = [this]() -> const EngineReport& { return cold_->report(); };
    sources.gateway = [this]() { return gateway_->statistics(); };
    if (accounts_) sources.accounts = [this]() { return accounts_->listener().statistics(); };
    sources.feeds = [this]() { return cold_->feed_statistics(); };
    sources.state = [this]() { return cold_->state(); };
    if (journal_) {
        sources.journal = [this]() { return &journal_->report(); };
        sources.shadow = [this]() { return &journal_->shadow_report(); };
    }
    sources.ask = [this](const AccountQuery& query, std::function<void(const AccountQuery*)> done) {
        return cold_->ask(query, std::move(done));
    };
    sources.started = clock_.now();
    admin_.emplace(cold_io_, settings_, clock_, std::move(sources));
}

int Application::Implementation::run() {
    signal(SIGPIPE, SIG_IGN);
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) signals_.add(number);
    wait_for_signal();
    start_threads();
    main_io_.run();
    io_thread_->join();
    if (engine_thread_) engine_thread_->join();
    for (std::uint32_t s = 0; s < shard_threads_.size(); ++s) front_->lane(s).close();
    shard_threads_.clear();
    if (journal_) journal_->close();
    stop_cold();
    spdlog::info("stopped: {} inputs, {} events", cycle_->sequencer().last_input_seq(),
                 gateway_->statistics().events_total);
    return durability().failed() ? kFailed : kOk;
}

void Application::Implementation::start_threads() {
    cold_work_.emplace(cold_io_.get_executor());
    cold_thread_ = std::thread([this]() {
        try {
            name_thread("mg-cold");
            pin_thread("mg-cold", settings_.threads.cold_cpu);
            cold_->start();
            cold_io_.run();
        } catch (...) {
            thread_failed("mg-cold", std::current_exception());
        }
    });
    const auto on_engine_end = [](const std::exception_ptr& failure) {
        if (failure) thread_failed("mg-engine", failure);
    };
    const auto on_io_end = [this](const std::exception_ptr& failure) {
        if (failure) thread_failed("io", failure);
        asio::post(main_io_, [this]() { main_io_.stop(); });
    };
    try {
        start_hot_threads(on_engine_end, on_io_end);
    } catch (...) {
        // Those that run already wait for inputs that will not come.
        thread_failed("start", std::current_exception());
    }
    for (const auto& session : sessions_) session->start();
}

void Application::Implementation::start_hot_threads(const OnEnd& on_engine_end,
                                                    const OnEnd& on_io_end) {
    const config::ThreadSettings& threads = settings_.threads;
    if (straight()) {
        io_thread_.emplace(ThreadOptions{"mg-engine", threads.engine_cpu, threads.engine_idle},
                           *io_cycle_, on_io_end);
    } else {
        for (std::uint32_t s = 0; front_ && s < front_->shards(); ++s) {
            const int cpu = threads.shard_cpu < 0 ? -1 : threads.shard_cpu + static_cast<int>(s);
            shard_threads_.push_back(std::make_unique<DutyThread>(
                ThreadOptions{fmt::format("mg-shard-{}", s), cpu, threads.engine_idle},
                front_->lane(s), on_engine_end));
        }
        engine_thread_.emplace(ThreadOptions{"mg-engine", threads.engine_cpu, threads.engine_idle},
                               *duty_, on_engine_end);
        io_thread_.emplace(ThreadOptions{"mg-io", threads.io_cpu, threads.io_idle}, *io_cycle_,
                           on_io_end);
    }
}

// On the thread that failed. The others depend on it: there is nobody to drain with.
void Application::Implementation::thread_failed(const char* name,
                                                const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const std::exception& error) {
        spdlog::critical("thread {} failed: {}; the daemon ends", name, error.what());
    }
    spdlog::shutdown();
    std::_Exit(kFailed);
}

void Application::Implementation::wait_for_signal() {
    signals_.async_wait([this](const boost::system::error_code& error, int number) {
        if (error) return;
        if (number == SIGHUP) {
            reload();
        } else if (draining_) {
            spdlog::warn("second signal: ending at once; subscribers may miss events");
            spdlog::shutdown();
            std::_Exit(kFailed);
        } else {
            spdlog::info("signal {}: draining", number);
            drain();
        }
        wait_for_signal();
    });
}

void Application::Implementation::drain() {
    if (std::exchange(draining_, true)) return;
    cold_->draining();
    if (journal_) journal_->drain();
    io_cycle_->request_drain();
}

void Application::Implementation::reload() {
    if (draining_) return spdlog::warn("reload: ignored, the daemon is draining");
    std::vector<core::Input> batch = take_reload(running_);
    if (!batch.empty()) submit(std::move(batch));
}

void Application::Implementation::submit(std::vector<core::Input> batch) {
    asio::post(io_, [this, batch = std::move(batch)]() mutable {
        if (!io_cycle_->running()) return;
        for (core::Input& input : batch) input.receive_time = clock_.now();
        if (straight()) {
            for (core::Input& input : batch) cycle_->accept(input);
        } else if (!queued_->batch(batch)) {
            submit(std::move(batch));  // behind the inputs that still wait
        }
    });
    io_bell_.ring();
}

void Application::Implementation::stop_cold() {
    if (admin_) admin_->stop();
    asio::post(cold_io_, [this]() {
        cold_->stop();
        // Once more round the loop, so that the closing of connections gets its turn.
        asio::post(cold_io_, [this]() { cold_io_.stop(); });
    });
    cold_thread_.join();
}

Application::Application(config::Settings settings)
    : implementation_(std::make_unique<Implementation>(std::move(settings))) {}
Application::~Application() = default;
std::uint16_t Application::events_port() const {
    return implementation_->events_port();
}
std::uint16_t Application::admin_port() const {
    return implementation_->admin_port();
}
std::uint16_t Application::accounts_port() const {
    return implementation_->accounts_port();
}
int Application::run() {
    return implementation_->run();
}
void Application::request_stop() {
    implementation_->request_stop();
}

}  // namespace margind::daemon
