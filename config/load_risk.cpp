#include "config/load_risk.hpp"

#include <algorithm>
#include <system_error>

#include "config/levels.hpp"
#include "config/load_liquidation.hpp"
#include "config/load_rules.hpp"
#include "config/scalars.hpp"
#include "feeds/normalise.hpp"
#include "feeds/url.hpp"
#include "feeds/venue.hpp"

namespace margind::config {
namespace {

constexpr std::pair<const char*, core::InstrumentKind> kKinds[] = {
    {"spot", core::InstrumentKind::spot},
    {"linear_perpetual", core::InstrumentKind::linear_perpetual},
    {"linear_future", core::InstrumentKind::linear_future},
    {"inverse_perpetual", core::InstrumentKind::inverse_perpetual},
    {"inverse_future", core::InstrumentKind::inverse_future},
    {"capped", core::InstrumentKind::capped}};
constexpr std::pair<const char*, core::Channel> kChannels[] = {
    {"book_top", core::Channel::book_top},
    {"trade", core::Channel::trade},
    {"mark", core::Channel::mark},
    {"index", core::Channel::index},
    {"oracle", core::Channel::oracle}};
constexpr std::pair<const char*, core::Role> kRoles[] = {{"index", core::Role::index},
                                                         {"mark", core::Role::mark}};
constexpr int kDecimalsMax = 16;
constexpr std::int64_t kWeightMax = 1'000'000;

std::string list_of(const std::vector<std::string>& names) {
    constexpr std::size_t kShown = 20;
    std::vector<std::string_view> shown;
    for (const std::string& name : names) {
        if (name.empty() || std::find(shown.begin(), shown.end(), name) != shown.end()) continue;
        shown.push_back(name);
        if (shown.size() > kShown) break;
    }
    if (shown.empty()) return "none is configured";
    std::string text(shown[0]);
    for (std::size_t i = 1; i < shown.size() && i < kShown; ++i) text.append(", ").append(shown[i]);
    return shown.size() > kShown ? text + " ..." : text;
}

std::string venue_names() {
    std::vector<std::string> names;
    for (const feeds::Venue* venue : feeds::venues()) names.emplace_back(venue->name());
    return list_of(names);
}

std::string channel_names(const feeds::Venue& venue) {
    std::vector<std::string> names;
    for (const auto& [word, channel] : kChannels) {
        if (venue.supports(channel)) names.emplace_back(word);
    }
    return list_of(names);
}

class RiskLoader {
  public:
    RiskLoader(MapReader& root, Settings& settings)
        : root_(root), document_(root.document()), settings_(settings), risk_(settings.risk) {}

    void run() {
        root_.text("valuation_currency", risk_.valuation_currency);
        read_feeds();
        std::vector<MapReader> assets = read_names("assets", {}, {}, asset_names_);
        const YAML::Node defaults = node_of_defaults();
        const Place place = root_.place("instrument_defaults");
        std::vector<MapReader> instruments =
            read_names("instruments", defaults, place, instrument_names_);
        for (MapReader& asset : assets) read_asset(asset);
        for (MapReader& instrument : instruments) read_instrument(instrument);
        check_feed_topics();
        read_ladder();
        read_liquidation_ramp(root_, risk_);
        read_keeper_reward(root_, risk_);
        MapReader guard = root_.map("guard");
        guard.value("jump_factor", risk_.guard.jump_factor, parse_number);
        guard.value("restart_grace", risk_.guard.restart_grace, parse_duration);
        guard.value("max_clock_skew", risk_.guard.max_clock_skew, parse_duration);
        guard.finish();
        root_.value("threshold_step", risk_.threshold_step, parse_rate);
    }

  private:
    YAML::Node node_of_defaults() { return root_.section("instrument_defaults"); }

    // Names first, so that anything may refer to anything, whatever the order in the file.
    std::vector<MapReader> read_names(const char* key, const YAML::Node& defaults,
                                      const Place& place, std::vector<std::string>& names) {
        std::vector<MapReader> readers;
        const ListReader list = root_.list(key, Need::required);
        for (std::size_t i = 0; i < list.size(); ++i) {
            readers.push_back(list[i].over(defaults, place));
            std::string name;
            readers.back().text("name", name, Need::required);
            names.push_back(name);
        }
        return readers;
    }

    template <class IdType>
    void reference(MapReader& map, const char* key, const std::vector<std::string>& names,
                   IdType& id, Need need) {
        const auto parse = [&](const std::string& text, IdType& out) -> std::string {
            const auto name = std::find(names.begin(), names.end(), text);
            if (name == names.end()) return "'" + text + "' is not known; known: " + list_of(names);
            out = IdType(static_cast<std::uint32_t>(name - names.begin()));
            return {};
        };
        map.value(key, id, parse, need);
    }

    void read_feeds() {
        const ListReader list = root_.list("feeds");
        for (std::size_t i = 0; i < list.size(); ++i) {
            MapReader map = list[i];
            feeds::FeedOptions feed;
            map.text("name", feed.name, Need::required);
            map.text("venue", feed.venue, Need::required);
            const feeds::Venue* venue = feeds::find_venue(feed.venue);
            if (venue == nullptr && !feed.venue.empty()) {
                map.problem("venue", "'" + feed.venue + "' is not known; known: " + venue_names());
            }
            if (venue != nullptr) feed.url = venue->default_url();
            map.text("url", feed.url);
            read_tls(map, feed);
            read_feed_times(map, feed);
            map.finish();
            venues_.push_back(venue);
            risk_.feeds.push_back(feed.name);
            settings_.feeds.push_back(std::move(feed));
        }
    }

    void read_tls(MapReader& map, feeds::FeedOptions& feed) {
        const feeds::ParsedUrl parsed = feeds::parse_url(feed.url);
        if (map.has("url") && !parsed.problem.empty()) {
            map.problem("url", parsed.problem);
        }
        std::string ca_file;
        if (!map.text("ca_file", ca_file)) return;
        feed.ca_file = beside(settings_, ca_file).string();
        std::error_code error;
        if (parsed.problem.empty() && parsed.url.encryption == feeds::Encryption::none) {
            map.problem("ca_file", "is for wss:// only; delete it, or use TLS");
        } else if (!std::filesystem::is_regular_file(feed.ca_file, error)) {
            map.problem("ca_file", "'" + feed.ca_file + "' is not a file; name a PEM file");
        }
    }

    // What a feed is asked for is known only when every instrument has been read.
    void check_feed_topics() {
        for (std::uint32_t i = 0; i < venues_.size(); ++i) {
            if (venues_[i] == nullptr) continue;
            const auto topics = feeds::topics_of(risk_, core::FeedId(i));
            std::string wrong = venues_[i]->check(topics, settings_.feeds[i].url);
            if (wrong.empty()) continue;
            document_.consequence("feeds[" + std::to_string(i) + "].url", std::move(wrong));
        }
    }

    void duration(MapReader& map, const char* key, core::Duration& out, core::Duration lowest,
                  core::Duration highest, const char* range) {
        if (map.value(key, out, parse_duration) && (out < lowest || out > highest)) {
            map.problem(key, std::string("must be ") + range);
        }
    }

    void read_feed_times(MapReader& map, feeds::FeedOptions& feed) {
        const auto ms = core::Duration::from_ms;
        const auto seconds = core::Duration::from_seconds;
        duration(map, "silence_after", feed.silence_after, ms(10), seconds(86'400),
                 "from 10ms to 24h");
        duration(map, "connect_timeout", feed.connect_timeout, ms(10), seconds(300),
                 "from 10ms to 5m");
        duration(map, "backoff_first", feed.backoff_first, ms(1), seconds(60), "from 1ms to 1m");
        duration(map, "backoff_max", feed.backoff_max, ms(1), seconds(3'600), "from 1ms to 1h");
        if (feed.backoff_max < feed.backoff_first) {
            map.problem("backoff_max", "must not be below backoff_first");
        }
    }

    void read_asset(MapReader& map) {
        core::Asset asset;
        asset.name = asset_names_[risk_.assets.size()];
        reference(map, "priced_by", instrument_names_, asset.priced_by, Need::optional);
        read_levels(map, "haircut", asset.haircut, parse_rate);
        read_levels(map, "liability_weight", asset.liability_weight, parse_rate);
        map.value("amount_max", asset.amount_max, scaled_by(core::kScaleDecimals));
        read_asset_rules(map, asset);
        map.finish();
        risk_.assets.push_back(std::move(asset));
    }

    void read_instrument(MapReader& map) {
        core::Instrument instrument;
        instrument.name = instrument_names_[risk_.instruments.size()];
        map.choice("kind", instrument.kind, kKinds);
        reference(map, "quote", asset_names_, instrument.quote, Need::required);
        reference(map, "settle", asset_names_, instrument.settle,
                  core::is_inverse(instrument.kind) ? Need::required : Need::optional);
        read_scale(map, instrument);
        read_instrument_rules(map, instrument);
        read_tiers(map, instrument);
        read_rate(map, instrument);
        read_liquidation_fee(map, instrument);
        map.whole("quorum_index", instrument.quorum_index, 1, core::kMaxSourcesPerInstrument);
        map.whole("quorum_mark", instrument.quorum_mark, 1, core::kMaxSourcesPerInstrument);
        map.value("hold_max", instrument.hold_max, parse_duration);
        read_sources(map, instrument.quote);
        map.finish();
        risk_.instruments.push_back(std::move(instrument));
    }

    // Decimals, multiplier, and what is counted in them.
    void read_scale(MapReader& map, core::Instrument& instrument) {
        map.whole("price_decimals", instrument.price_decimals, 0, kDecimalsMax);
        map.whole("quantity_decimals", instrument.quantity_decimals, 0, kDecimalsMax);
        feeds::Decimal multiplier{1, 0};
        map.value("multiplier", multiplier, parse_exact);
        constexpr int kValueDecimals = 2 * core::kScaleDecimals;
        // An inverse contract's price is what is divided by.
        const int price_decimals = instrument.price_decimals;
        multiplier.exponent +=
            kValueDecimals - instrument.quantity_decimals +
            (core::is_inverse(instrument.kind) ? price_decimals : -price_decimals);
        std::int64_t factor = 0;  // zero is refused by core::validate, with what to do
        if (feeds::scale_exactly(multiplier, 0, factor) != feeds::NormaliseError::none) factor = 0;
        instrument.scale = core::ContractScale::from_factor(factor);
        map.value("price_max", instrument.price_max, scaled_by(price_decimals), Need::required);
        map.value("lot", instrument.lot, scaled_by(instrument.quantity_decimals));
        core::Price reference;
        if (map.value("reference_price", reference, scaled_by(price_decimals)) &&
            (reference.raw() <= 0 || reference > instrument.price_max)) {
            map.problem("reference_price", "must be above zero, at most price_max");
        }
        settings_.reference_prices.push_back(reference);
    }

    void read_tiers(MapReader& map, core::Instrument& instrument) {
        const bool spot = instrument.kind == core::InstrumentKind::spot;
        const ListReader list = map.list("tiers", spot ? Need::optional : Need::required);
        if (spot && !map.has_itself("tiers"))
            return;  // defaults are for instruments with positions
        for (std::size_t t = 0; t < list.size(); ++t) {
            MapReader tier_map = list[t];
            core::Tier tier;
            const bool last = t + 1 == list.size();
            core::Money end;
            if (tier_map.value("notional_up_to", end, scaled_by(core::kScaleDecimals),
                               last ? Need::optional : Need::required)) {
                tier.notional_up_to = end * core::kUnitPriceOne;
            }
            read_tier_rates(tier_map, instrument, tier);
            tier_map.finish();
            instrument.tiers.push_back(tier);
        }
    }

    static void read_tier_rates(MapReader& map, core::Instrument& instrument, core::Tier& tier) {
        map.value("initial_rate", tier.initial_rate, parse_rate, Need::required);
        core::MaintenanceFraction<core::Ledger>& share =
            instrument.rules.terms.maintenance_of_initial;
        const bool own = share.fraction.raw() == 0;
        if (map.value("maintenance_rate", tier.maintenance_rate, parse_rate,
                      own ? Need::required : Need::optional) &&
            !own) {
            map.problem("maintenance_rate",
                        "is margin.maintenance_fraction of the initial rate; delete one of them");
        }
        if (!own) {
            share.initial_rate = tier.initial_rate;
            tier.maintenance_rate =
                core::product(tier.initial_rate, share.fraction, core::Rounding::up);
        }
        map.value("close_out_rate", tier.close_out_rate, parse_rate);
    }

    void read_rate(MapReader& map, core::Instrument& instrument) {
        MapReader rate = map.map("rate");
        rate.value("z_initial", instrument.rate.z_initial, parse_number);
        rate.value("z_maintenance", instrument.rate.z_maintenance, parse_number);
        rate.value("horizon", instrument.rate.horizon, parse_duration);
        rate.value("cap", instrument.rate.cap, parse_rate);
        rate.finish();
        MapReader volatility = map.map("volatility");
        volatility.value("half_life", instrument.volatility.half_life, parse_duration);
        volatility.value("sample_interval", instrument.volatility.sample_interval, parse_duration);
        volatility.value("initial_annual", instrument.volatility.initial_annual, parse_number);
        volatility.finish();
    }

    void read_sources(MapReader& map, core::AssetId instrument_quote) {
        const ListReader list = map.list("sources");
        for (std::size_t i = 0; i < list.size(); ++i) {
            MapReader source_map = list[i];
            document_.alias("sources[" + std::to_string(risk_.sources.size()) + "]",
                            source_map.path());
            risk_.sources.push_back(read_source(source_map, instrument_quote));
        }
    }

    core::Source read_source(MapReader& map, core::AssetId instrument_quote) {
        core::Source source;
        source.instrument =
            core::InstrumentId(static_cast<std::uint32_t>(risk_.instruments.size()));
        source.quote = instrument_quote;
        reference(map, "feed", risk_.feeds, source.feed, Need::required);
        map.text("symbol", source.symbol, Need::required);
        const bool channel = map.choice("channel", source.channel, kChannels, Need::required);
        map.choice("role", source.role, kRoles);
        reference(map, "quote", asset_names_, source.quote, Need::optional);
        map.whole("weight", source.weight, 1, kWeightMax);
        map.value("stale_after", source.stale_after, parse_duration);
        map.finish();
        if (channel && source.feed.valid()) check_channel(map, source);
        return source;
    }

    void check_channel(MapReader& map, const core::Source& source) {
        const feeds::Venue* venue = venues_[source.feed.index()];
        if (venue == nullptr || venue->supports(source.channel)) return;
        map.problem("channel", std::string(venue->name()) +
                                   " has no such channel; it has: " + channel_names(*venue));
    }

    void read_level(MapReader& ladder, const char* key, core::Level& level) {
        MapReader map = ladder.map(key);
        map.value("multiplier", level.multiplier, parse_rate);
        map.value("hysteresis", level.hysteresis, parse_rate);
        read_margin_level(map, "of", level.of);
        map.finish();
    }

    void read_ladder() {
        MapReader map = root_.map("ladder");
        read_level(map, "warning", risk_.ladder.warning);
        read_level(map, "margin_call", risk_.ladder.margin_call);
        read_level(map, "liquidation", risk_.ladder.liquidation);
        map.value("liquidation_target", risk_.ladder.liquidation_target, parse_rate);
        read_margin_level(map, "target_of", risk_.ladder.target_of);
        map.value("close_out_buffer", risk_.ladder.close_out_buffer, parse_rate);
        map.value("margin_call_deadline", risk_.ladder.margin_call_deadline, parse_duration);
        map.finish();
    }

    MapReader& root_;
    Document& document_;
    Settings& settings_;
    core::RiskParameters& risk_;
    std::vector<std::string> asset_names_;
    std::vector<std::string> instrument_names_;
    std::vector<const feeds::Venue*> venues_;  // of each feed; null: unknown
};

}  // namespace

void load_risk(MapReader& root, Settings& settings) {
    RiskLoader(root, settings).run();
}

std::filesystem::path beside(const Settings& settings, const std::string& path) {
    std::filesystem::path given(path);
    if (given.is_absolute()) return given;
    return std::filesystem::path(settings.path).parent_path() / given;
}

}  // namespace margind::config
