#include "daemon/accounts_file.hpp"

#include <string_view>
#include <vector>

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

}  // namespace margind::daemon
