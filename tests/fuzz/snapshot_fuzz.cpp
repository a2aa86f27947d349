// Bytes as an engine's saved state, and as a snapshot file: they are refused with a message, or
// make an engine that can be saved again. The first byte says which; the venue is tests' small one.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>

#include "core/engine/engine.hpp"
#include "daemon/journal/snapshot_file.hpp"
#include "tests/support/book.hpp"
#include "tests/support/fault_files.hpp"

using namespace margind;

namespace {

void check(const std::unique_ptr<core::Engine>& engine, const std::string& problem) {
    if (engine == nullptr) {
        if (problem.empty()) std::abort();
        return;
    }
    core::MemorySink again;
    if (!engine->save(again)) std::abort();
    for (std::uint32_t slot = 0; slot < engine->account_count(); ++slot) {
        engine->report(core::AccountSlot(slot));
    }
}

void restore(std::span<const std::byte> bytes, core::Search search, std::uint64_t config_hash) {
    core::MemorySource source(bytes);
    std::string problem;
    const auto engine = core::Engine::restore(
        test::small_venue(), {.search = search, .config_hash = config_hash}, source, problem);
    check(engine, problem);
}

void read_file(std::span<const std::byte> bytes) {
    test::FaultFiles files(1);
    std::unique_ptr<daemon::File> file;
    if (files.open("snapshot", daemon::Access::create, file)) std::abort();
    if (file->write(0, bytes)) std::abort();
    daemon::SnapshotReader reader(files, "snapshot");
    std::string problem;
    auto engine = core::Engine::restore(test::small_venue(), {}, reader, problem);
    if (!reader.whole()) {
        if (reader.problem().empty()) std::abort();
        return;
    }
    check(engine, problem);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const auto bytes = std::as_bytes(std::span(data, size));
    switch (data[0] % 4) {
        case 0:
            restore(bytes.subspan(1), core::Search::reference, 0);
            break;
        case 1:
            restore(bytes.subspan(1), core::Search::bands, 0);
            break;
        case 2:
            restore(bytes.subspan(1), core::Search::bands, 1);  // carried over
            break;
        default:
            read_file(bytes.subspan(1));
    }
    return 0;
}
