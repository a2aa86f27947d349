#include "daemon/accounts_file.hpp"

#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "daemon/application.hpp"
#include "daemon/commands/command.hpp"
#include "daemon/ingress/account_lines.hpp"
#include "daemon/line_reader.hpp"

namespace margind::daemon {
namespace {

constexpr std::uint64_t kProgressEvery = 100'000;

}  // namespace

std::string apply_update(InputCycle& cycle, std::vector<core::Input>& records, std::uint8_t origin,
                         core::Timestamp received) {
    core::Refusal refusal = core::Refusal::none;
    for (core::Input& record : records) {
        record.origin = origin;
        record.receive_time = received;
        const core::Refusal verdict = cycle.accept(record);
        if (verdict != core::Refusal::none) refusal = verdict;
    }
    return refusal == core::Refusal::none ? std::string() : explain(refusal, cycle.engine());
}

AccountsLoad load_accounts(const std::filesystem::path& file, InputCycle& cycle,
                           const std::function<core::Timestamp()>& now,
                           const AccountsListener& listener) {
    LineReader reader(file, AccountLines::kLineBytesMax);
    AccountLines parser(cycle.engine().parameters());
    std::vector<core::Input> records;
    AccountsLoad load;
    std::string_view line;
    for (;;) {
        const LineReader::Result result = reader.next(line);
        if (result == LineReader::Result::end) return load;
        if (result == LineReader::Result::line && line.find_first_not_of(" \t") == line.npos) {
            continue;
        }
        ++load.lines;
        std::string problem = result == LineReader::Result::too_long
                                  ? "longer than " + std::to_string(AccountLines::kLineBytesMax) +
                                        " bytes; write one account per line"
                                  : parser.parse(line, records);
        if (problem.empty()) problem = apply_update(cycle, records, kOriginAccountsFile, now());
        if (!problem.empty()) {
            ++load.bad_lines;
            listener.problem(file.string() + ":" + std::to_string(reader.line_number()) + ": " +
                             problem);
        }
        if (load.lines % kProgressEvery == 0) listener.progress(load.lines, reader.progress());
    }
}

void load_accounts_or_refuse(const std::filesystem::path& file, InputCycle& cycle,
                             feeds::Clock& clock) {
    if (file.empty()) return;
    constexpr std::uint64_t kProblemsShown = 100;
    std::uint64_t problems = 0;
    AccountsListener listener;
    listener.problem = [&](const std::string& problem) {
        if (++problems <= kProblemsShown) spdlog::error("{}", problem);
    };
    listener.progress = [](std::uint64_t lines, double share) {
        spdlog::info("accounts: {} lines read ({:.0f} %)", lines, share * 100);
    };
    const AccountsLoad load =
        load_accounts(file, cycle, [&clock]() { return clock.now(); }, listener);
    if (load.bad_lines > 0) {
        throw StartupRefused(
            kConfig, fmt::format("{}: {} of {} lines have problems{}; nothing was started",
                                 file.string(), load.bad_lines, load.lines,
                                 problems > kProblemsShown ? " (the first 100 are listed)" : ""));
    }
    spdlog::info("accounts: {} lines loaded from {}", load.lines, file.string());
}

}  // namespace margind::daemon
