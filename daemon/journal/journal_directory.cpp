#include "daemon/journal/journal_directory.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/format.h>

namespace margind::daemon {
namespace {

constexpr std::string_view kPlain = ".mgj";
constexpr std::string_view kCompressed = ".mgj.zst";
constexpr std::string_view kZst = ".zst";  // behind a plain segment's name
constexpr std::size_t kDigits = 20;

// <stream>-<20 digits><suffix>
std::optional<SegmentFile> parse(core::JournalStream stream, const std::string& name) {
    const std::string_view prefix = to_text(stream);
    std::string_view rest = name;
    if (!rest.starts_with(prefix)) return std::nullopt;
    rest.remove_prefix(prefix.size());
    if (rest.size() < 1 + kDigits || rest.front() != '-') return std::nullopt;
    const std::string_view digits = rest.substr(1, kDigits);
    const std::string_view suffix = rest.substr(1 + kDigits);
    if (suffix != kPlain && suffix != kCompressed) return std::nullopt;
    SegmentFile segment{.stream = stream, .compressed = suffix == kCompressed, .name = name};
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), segment.first_sequence);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    return segment;
}

}  // namespace

std::string_view to_text(core::JournalStream stream) {
    switch (stream) {
        case core::JournalStream::inputs:
            return "inputs";
        case core::JournalStream::events:
            return "events";
    }
    return "?";
}

std::string segment_name(core::JournalStream stream, std::uint64_t first_sequence) {
    return fmt::format("{}-{:020}{}", to_text(stream), first_sequence, kPlain);
}

std::string spare_name(core::JournalStream stream) {
    return fmt::format("{}.next", to_text(stream));
}

IoError list_segments(FileLayer& files, const std::string& folder, core::JournalStream stream,
                      std::vector<SegmentFile>& segments) {
    segments.clear();
    std::vector<std::string> names;
    if (IoError error = files.list(folder, names)) return error;
    // Sorted by name: by number, and the plain one before its compressed twin.
    for (const std::string& name : names) {
        std::optional<SegmentFile> segment = parse(stream, name);
        if (!segment) continue;
        const bool twin =
            !segments.empty() && segments.back().first_sequence == segment->first_sequence;
        if (!twin) segments.push_back(*std::move(segment));
    }
    return {};
}

IoError open_segment_file(FileLayer& files, const std::string& folder, SegmentFile& segment,
                          std::unique_ptr<File>& file) {
    IoError error = files.open(folder + "/" + segment.name, Access::read, file);
    if (!not_there(error) || segment.compressed) return error;
    SegmentFile twin = segment;
    twin.compressed = true;
    twin.name += kZst;
    IoError second = files.open(folder + "/" + twin.name, Access::read, file);
    if (not_there(second)) return error;
    if (second) return second;
    segment = std::move(twin);
    return {};
}

IoError journal_range(FileLayer& files, const std::string& folder, JournalRange& range) {
    range = {};
    std::vector<SegmentFile> segments;
    if (IoError error = list_segments(files, folder, core::JournalStream::inputs, segments)) {
        return error;
    }
    if (!segments.empty()) range.first_input = segments.front().first_sequence;
    if (IoError error = list_segments(files, folder, core::JournalStream::events, segments)) {
        return error;
    }
    if (!segments.empty()) range.first_event = segments.front().first_sequence;
    return {};
}

}  // namespace margind::daemon
