// From options to a session, or to the reason why they cannot make one.
#include <stdexcept>
#include <utility>

#include "feeds/session.hpp"
#include "feeds/session_parts.hpp"

namespace margind::feeds {
namespace {

using core::Duration;

constexpr Duration kSilenceMax = Duration::from_seconds(24 * 3600);

std::string topics_problem(const FeedOptions& options, const std::vector<Topic>& topics,
                           const Venue& venue) {
    if (topics.empty()) return "no source uses it; add one or remove the feed";
    for (const Topic& topic : topics) {
        if (venue.supports(topic.channel)) continue;
        return std::string(venue.name()) + " does not offer the channel asked for on " +
               topic.symbol;
    }
    return venue.check(topics, options.url);
}

std::string timing_problem(const FeedOptions& options) {
    if (options.silence_after <= Duration{} || options.silence_after > kSilenceMax) {
        return "silence_after must be above zero and at most a day";
    }
    if (options.connect_timeout <= Duration{}) return "connect_timeout must be above zero";
    if (options.backoff_first <= Duration{} || options.backoff_first > options.backoff_max) {
        return "backoff_first must be above zero and at most backoff_max";
    }
    return {};
}

}  // namespace

std::shared_ptr<Session> make_session(boost::asio::io_context& io, core::FeedId feed,
                                      const FeedOptions& options, std::vector<Topic> topics,
                                      FeedSink& sink, Clock& clock, std::uint64_t seed,
                                      const Venue& venue) {
    ParsedUrl parsed = parse_url(options.url.empty() ? venue.default_url() : options.url);
    std::string problem = topics_problem(options, topics, venue);
    if (problem.empty()) problem = timing_problem(options);
    if (problem.empty()) problem = parsed.problem;
    if (!problem.empty()) throw std::invalid_argument("feed " + options.name + ": " + problem);
    std::shared_ptr<TlsContext> tls;
    if (parsed.url.encryption == Encryption::tls) tls = make_tls_context(options.ca_file);
    return make_session(io, {.feed = feed,
                             .options = options,
                             .topics = std::move(topics),
                             .venue = venue,
                             .url = std::move(parsed.url),
                             .tls = std::move(tls),
                             .sink = sink,
                             .clock = clock,
                             .seed = seed});
}

std::shared_ptr<Session> make_session(boost::asio::io_context& io, core::FeedId feed,
                                      const FeedOptions& options, std::vector<Topic> topics,
                                      FeedSink& sink, Clock& clock, std::uint64_t seed) {
    const Venue* venue = find_venue(options.venue);
    if (venue == nullptr) {
        std::string known;
        for (const Venue* each : venues()) known += " " + std::string(each->name());
        throw std::invalid_argument("feed " + options.name + ": unknown venue \"" + options.venue +
                                    "\"; known are" + known);
    }
    return make_session(io, feed, options, std::move(topics), sink, clock, seed, *venue);
}

}  // namespace margind::feeds
