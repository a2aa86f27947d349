// Who may tell the daemon of accounts, and on what address: YAML to settings.
#pragma once

#include <cstdint>
#include <string>

#include "config/settings.hpp"
#include "config/yaml_reader.hpp"

namespace margind::config {

inline constexpr std::int64_t kPortMax = 65'535;

// The section `accounts`.
void read_accounts(MapReader& root, Settings& settings);

// `address` of a listener: whoever can connect may use it, so it must be loopback.
void read_loopback(MapReader& map, std::string& address);

// Whether the listener of account updates has its port to itself. The sections were read already.
void check_accounts_port(MapReader& root, const Settings& settings);

}  // namespace margind::config
