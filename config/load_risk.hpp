// The part of the config file that says what is at risk: assets, instruments, price sources, feeds,
// the ladder.
#pragma once

#include "config/settings.hpp"
#include "config/yaml_reader.hpp"

namespace margind::config {

// Fills settings.risk, settings.feeds and settings.reference_prices from the file's top level.
void load_risk(MapReader& root, Settings& settings);

// `path` as written in the config file; relative ones are relative to the file's folder.
std::filesystem::path beside(const Settings& settings, const std::string& path);

}  // namespace margind::config
