#include "daemon/commands/config_file.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>

namespace margind::daemon {

std::optional<config::Settings> load_or_report(const std::filesystem::path& file) {
    config::Loaded loaded = config::load(file);
    for (const config::Problem& problem : loaded.problems) {
        fmt::print(stderr, "{}\n", config::to_string(problem));
    }
    if (!loaded.problems.empty()) return std::nullopt;
    return std::move(loaded.settings);
}

std::string at_line(const std::filesystem::path& file, std::size_t line, std::string_view message) {
    if (line == 0) return fmt::format("{}: {}", file.string(), message);
    return fmt::format("{}:{}: {}", file.string(), line, message);
}

bool for_each_line(const std::filesystem::path& file, std::string& problem,
                   const std::function<void(std::size_t, std::string_view)>& use) {
    std::error_code error;
    std::ifstream stream(file, std::ios::binary);
    if (!stream || std::filesystem::is_directory(file, error)) {
        problem = at_line(file, 0, "cannot be opened; check its name and permissions");
        return false;
    }
    std::string line;
    for (std::size_t number = 1; std::getline(stream, line); ++number) {
        if (!line.empty() && line.back() == '\r') line.pop_back();
        if (line.find_first_not_of(" \t") != std::string::npos) use(number, line);
    }
    if (!stream.bad()) return true;
    problem = at_line(file, 0, "could not be read to its end");
    return false;
}

void report(const std::vector<std::string>& problems, std::size_t total) {
    for (const std::string& problem : problems) fmt::print(stderr, "{}\n", problem);
    if (total > problems.size()) {
        fmt::print(stderr, "... and {} more problems\n", total - problems.size());
    }
}

void Output::flush() {
    if (failed_) return;
    failed_ = std::fwrite(buffer_.data(), 1, buffer_.size(), stdout) != buffer_.size();
    buffer_.clear();
}

bool Output::finish() {
    flush();
    if (!failed_ && std::fflush(stdout) == 0) return true;
    fmt::print(stderr, "margind: standard output: {}; the output is incomplete\n",
               std::strerror(errno));
    return false;
}

}  // namespace margind::daemon
