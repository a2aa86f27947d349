#include "daemon/log.hpp"

#include <memory>
#include <stdexcept>

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace margind::daemon {
namespace {

spdlog::sink_ptr sink_for(const config::LogSettings& settings) {
    if (settings.file.empty()) return std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
    try {
        return std::make_shared<spdlog::sinks::basic_file_sink_mt>(settings.file.string());
    } catch (const spdlog::spdlog_ex& error) {
        throw std::runtime_error("log.file: " + std::string(error.what()) +
                                 "; name a file in a folder this user may write to");
    }
}

}  // namespace

void open_log(const config::LogSettings& settings) {
    auto logger = std::make_shared<spdlog::logger>("margind", sink_for(settings));
    logger->set_level(spdlog::level::from_str(settings.level));
    // UTC, like every time this program shows.
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%-5l%$ %v", spdlog::pattern_time_type::utc);
    logger->flush_on(spdlog::level::info);
    spdlog::set_default_logger(std::move(logger));
}

}  // namespace margind::daemon
