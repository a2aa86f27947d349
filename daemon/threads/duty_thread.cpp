#include "daemon/threads/duty_thread.hpp"

#include <pthread.h>
#include <sched.h>

#include <future>
#include <system_error>
#include <utility>

namespace margind::daemon {
namespace {

// Tells the core that this is a spin-wait: saves power and lets a sibling thread run.
void pause_core() noexcept {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

void run(const ThreadOptions& options, DutyCycle& cycle) {
    while (!cycle.finished()) {
        if (cycle.do_work() == 0 && !cycle.finished()) idle_once(options.idle, cycle);
    }
}

}  // namespace

void idle_once(config::Idle idle, DutyCycle& cycle) {
    switch (idle) {
        case config::Idle::spin:
            pause_core();
            return;
        case config::Idle::yield:
            sched_yield();
            return;
        case config::Idle::park:
            cycle.park();
            return;
    }
}

void name_thread(const std::string& name) {
    pthread_setname_np(pthread_self(), name.c_str());
}

void pin_thread(const std::string& name, int cpu) {
    if (cpu < 0) return;
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    CPU_SET(static_cast<std::size_t>(cpu), &cpus);
    const int error = pthread_setaffinity_np(pthread_self(), sizeof cpus, &cpus);
    if (error != 0) {
        throw std::system_error(error, std::generic_category(),
                                "thread " + name + " cannot be pinned to cpu " +
                                    std::to_string(cpu) +
                                    "; choose a cpu this process may use, or -1");
    }
}

DutyThread::DutyThread(const ThreadOptions& options, DutyCycle& cycle,
                       std::function<void(const std::exception_ptr&)> on_end) {
    std::promise<void> ready;
    std::future<void> started = ready.get_future();
    thread_ = std::thread(
        [options, &cycle, on_end = std::move(on_end), ready = std::move(ready)]() mutable {
            try {
                name_thread(options.name);
                pin_thread(options.name, options.cpu);
            } catch (...) {
                ready.set_exception(std::current_exception());
                return;
            }
            ready.set_value();
            std::exception_ptr failure;
            try {
                run(options, cycle);
            } catch (...) {
                failure = std::current_exception();
            }
            on_end(failure);
        });
    try {
        started.get();
    } catch (...) {
        thread_.join();
        throw;
    }
}

DutyThread::~DutyThread() {
    join();
}

void DutyThread::join() {
    if (thread_.joinable()) thread_.join();
}

}  // namespace margind::daemon
