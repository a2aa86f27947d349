// The running daemon: owns every part, builds them in the order in which they depend on each other,
// and takes them down in reverse.
//
// Thread: everything here is called on the main thread, request_stop() from anywhere.
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

#include "config/settings.hpp"

namespace margind::daemon {

// Start-up problems that were already told, line by line; `exit_code` says of what kind.
class StartupRefused : public std::runtime_error {
  public:
    StartupRefused(int code, const std::string& what) : std::runtime_error(what), exit_code(code) {}
    const int exit_code;
};

class Application {
  public:
    // Loads the accounts file, binds the listeners, creates the sessions. Nothing runs yet. Throws
    // StartupRefused (accounts) or std::system_error (an address in use, no privilege to lock
    // memory); both messages name place and remedy.
    explicit Application(config::Settings settings);
    ~Application();
    Application(const Application&) = delete;
    Application& operator=(const Application&) = delete;

    std::uint16_t events_port() const;
    std::uint16_t admin_port() const;     // 0: admin is not enabled
    std::uint16_t accounts_port() const;  // 0: nobody listens for account updates

    // Starts the threads and returns when they have ended: after request_stop(), or when one of
    // them failed (the message is logged). SIGTERM and SIGINT drain; a second one ends the process
    // at once with exit code 1; SIGHUP reloads the config. Returns the exit code.
    int run();
    // Any thread: drain and end run().
    void request_stop();

  private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace margind::daemon
