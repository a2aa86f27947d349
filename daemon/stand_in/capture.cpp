#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "daemon/stand_in/dialect_text.hpp"
#include "daemon/stand_in/price_path.hpp"
#include "daemon/stand_in/stand_in.hpp"

namespace margind::daemon::stand_in {
namespace {

constexpr std::uint64_t kFirstSequence = 1'000'000'000;

// The client a recording is made for: it hears everything and answers nothing.
class RecordedClient final : public Client {
  public:
    explicit RecordedClient(std::string_view target) : target_(target) {}
    void reply(std::string) override {}
    bool subscribe(std::string_view) override { return true; }
    void unsubscribe(std::string_view) override {}
    bool knows(std::string_view) const override { return true; }
    std::vector<std::string> subscribed() const override { return {}; }
    std::string_view target() const override { return target_; }
    bool refusing() const override { return false; }
    std::uint64_t next_number() override { return number_++; }
    core::Timestamp now() const override { return {}; }

  private:
    std::string_view target_;
    std::uint64_t number_ = 0;
};

class Recorder {
  public:
    Recorder(const ServedVenue& venue, const Playback& playback, std::ostream& out)
        : venue_(venue), playback_(playback), client_(venue.dialect->path()), out_(out) {
        out_ << R"({"dir":"meta","conn":)" << json_text(venue.dialect->venue())
             << R"(,"kind":"synthetic","feed":)" << json_text(venue.dialect->venue())
             << R"(,"src":"margind venue --to-capture","url":"ws://stand-in)"
             << venue.dialect->path() << R"("})" << '\n';
    }

    bool done() const { return next_ == venue_.tape.size(); }
    core::Timestamp next_time() const { return venue_.tape.time(next_); }
    std::uint64_t messages() const { return messages_; }

    void write_next() {
        const std::size_t at = next_++;
        const core::Timestamp due = playback_.due(venue_.tape.time(at));
        if (venue_.tape.recorded()) return write(due, venue_.tape.messages[at].text);
        const Dialect& dialect = *venue_.dialect;
        const TapedPrice& taped = venue_.tape.prices[at];
        const Book book = book_around(taped.price, venue_.options.spread_bp);
        const Quote quote{.symbol = venue_.tape.symbols[taped.symbol],
                          .price = taped.price,
                          .bid = book.bid,
                          .ask = book.ask,
                          .size = taped.size,
                          .sequence = kFirstSequence + at,
                          .time = playback_.exchange_time(taped.time, due)};
        for (std::size_t kind = 0; kind < dialect.kinds(); ++kind) {
            if (!dialect.recorded_kind(kind)) continue;
            text_.clear();
            dialect.encode(quote, kind, text_);
            const std::string& key = venue_.tape.streams[taped.symbol * dialect.kinds() + kind];
            if (!text_.empty()) write(due, dialect.frame(text_, key, client_));
        }
    }

  private:
    void write(core::Timestamp due, const std::string& raw) {
        out_ << R"({"conn":)" << json_text(venue_.dialect->venue()) << R"(,"dir":"in","t":)"
             << due.ns() << R"(,"raw":)" << json_text(raw) << "}\n";
        ++messages_;
    }

    const ServedVenue& venue_;
    const Playback& playback_;
    RecordedClient client_;
    std::ostream& out_;
    std::size_t next_ = 0;
    std::uint64_t messages_ = 0;
    std::string text_;
};

}  // namespace

std::uint64_t write_capture(const StandInOptions& options, const std::vector<ServedVenue>& venues,
                            std::ostream& out) {
    auto origin = core::Timestamp::from_ns(INT64_MAX);
    for (const ServedVenue& venue : venues) {
        if (venue.tape.size() > 0) origin = std::min(origin, venue.tape.time(0));
    }
    Playback playback(options.speed, options.clock);
    playback.start(origin, origin);
    std::vector<Recorder> recorders;
    recorders.reserve(venues.size());
    for (const ServedVenue& venue : venues) recorders.emplace_back(venue, playback, out);
    while (true) {
        Recorder* first = nullptr;
        for (Recorder& each : recorders) {
            if (each.done()) continue;
            if (first == nullptr || each.next_time() < first->next_time()) first = &each;
        }
        if (first == nullptr) break;
        first->write_next();
    }
    std::uint64_t messages = 0;
    for (const Recorder& each : recorders) messages += each.messages();
    return messages;
}

}  // namespace margind::daemon::stand_in
