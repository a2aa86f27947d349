// A thread that runs one duty cycle until it is finished, with an idle strategy of its own.
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "config/settings.hpp"

namespace margind::daemon {

class DutyCycle {
  public:
    virtual ~DutyCycle() = default;
    // Does what there is to do, a bounded amount of it; returns how much that was.
    virtual int do_work() = 0;
    // Nothing more to come: the thread ends.
    virtual bool finished() const = 0;
    // Sleeps until there may be work again; spurious returns are fine.
    virtual void park() = 0;
};

// What a duty cycle's thread does between two calls without work.
void idle_once(config::Idle idle, DutyCycle& cycle);

struct ThreadOptions {
    std::string name;  // at most 15 characters, as the system shows it
    int cpu = -1;      // -1: not pinned
    config::Idle idle = config::Idle::park;
};

class DutyThread {
  public:
    // Starts at once. `on_end` is called on the thread after the cycle finished, or with the
    // exception that ended it. Throws std::system_error when the thread cannot be pinned.
    DutyThread(const ThreadOptions& options, DutyCycle& cycle,
               std::function<void(const std::exception_ptr&)> on_end);
    ~DutyThread();  // joins
    void join();

  private:
    std::thread thread_;
};

// Names and pins the calling thread. Throws std::system_error naming thread and cpu.
void name_thread(const std::string& name);
void pin_thread(const std::string& name, int cpu);

}  // namespace margind::daemon
