#include "feeds/recording.hpp"

#include <string>

#include "feeds/json_reader.hpp"
#include "feeds/tick_values.hpp"

namespace margind::feeds {
namespace {

struct Members {
    Scalar dir, t;
};
constexpr auto kMembers = member_table<Members, 2>({
    {"dir", &Members::dir},
    {"t", &Members::t},
});

// With the readable bytes behind it that simdjson wants.
void copy_padded(std::string_view text, std::string& padded) {
    padded.assign(text);
    padded.append(Decoder::kPadding, '\0');
}

RecordedLine malformed(std::string_view problem) {
    RecordedLine line;
    line.kind = RecordedLine::Kind::malformed;
    line.problem = problem;
    return line;
}

}  // namespace

class RecordingReader::Implementation {
  public:
    RecordedLine read(std::string_view text) {
        copy_padded(text, text_);
        line_ = RecordedLine{};
        has_raw_ = false;
        Members members;
        Reason reason = reader_.open({text_.data(), text.size()});
        if (reason == Reason::none) {
            reason = reader_.read([&](ondemand::object& object) {
                return read_members(object, kMembers, members,
                                    [&](std::string_view key, ondemand::value& value) {
                                        return read_text(key, value);
                                    });
            });
        }
        if (reason != Reason::none || !members.dir.present()) return as_message(text.size());
        return as_recorded(members);
    }

  private:
    // Members whose escapes have to be undone.
    Reason read_text(std::string_view key, ondemand::value& value) {
        std::string_view* const target = key == "raw"    ? &line_.raw
                                         : key == "conn" ? &line_.connection
                                         : key == "url"  ? &line_.url
                                         : key == "feed" ? &line_.feed
                                                         : nullptr;
        if (target == nullptr) return Reason::none;
        if (value.get_string().get(*target) != simdjson::SUCCESS) return Reason::none;
        has_raw_ = has_raw_ || key == "raw";
        return Reason::none;
    }

    RecordedLine as_message(std::size_t bytes) {
        line_ = RecordedLine{};
        line_.raw = {text_.data(), bytes};
        return line_;
    }

    RecordedLine as_recorded(const Members& members) {
        using Kind = RecordedLine::Kind;
        if (members.dir.is("meta")) {
            line_.kind = Kind::meta;
        } else if (members.dir.is("in")) {
            line_.kind = Kind::in;
        } else if (members.dir.is("out")) {
            line_.kind = Kind::out;
        } else if (members.dir.is("open")) {
            line_.kind = Kind::open;
        } else if (members.dir.is("http")) {
            line_.kind = Kind::http;
        } else {
            return malformed("\"dir\" is none of meta, in, out, open, http");
        }
        if (line_.kind == Kind::meta) return line_;
        if (!has_raw_) return malformed("no text in \"raw\"");
        if (members.t.stated() && read_time_count(members.t, 1, line_.time) != Reason::none) {
            return malformed("\"t\" is neither null nor nanoseconds since 1970");
        }
        copy_padded(line_.raw, raw_);
        line_.raw = {raw_.data(), line_.raw.size()};
        return line_;
    }

    JsonReader reader_;
    std::string text_;
    std::string raw_;
    RecordedLine line_;
    bool has_raw_ = false;
};

RecordingReader::RecordingReader() : implementation_(std::make_unique<Implementation>()) {}
RecordingReader::~RecordingReader() = default;
RecordedLine RecordingReader::read(std::string_view line) {
    return implementation_->read(line);
}

}  // namespace margind::feeds
