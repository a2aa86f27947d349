#include "config/load_accounts.hpp"

#include <set>

#include <boost/asio/ip/address.hpp>

#include "config/load_risk.hpp"
#include "config/scalars.hpp"
#include "core/ids.hpp"

namespace margind::config {
namespace {

constexpr std::size_t kNameMax = 32;

void read_sources(MapReader& map, std::vector<std::string>& sources) {
    if (!map.texts("sources", sources)) return;
    std::set<std::string> seen;
    for (const std::string& name : sources) {
        if (name.empty() || !core::FixedText<kNameMax>::fits(name)) {
            map.problem("sources", "'" + name +
                                       "' is no name; use 1 to 32 printable characters without "
                                       "blanks, quotes, commas, slashes");
        } else if (!seen.insert(name).second) {
            map.problem("sources", "'" + name + "' is given twice; keep one");
        }
    }
    if (sources.size() > kAccountSourcesMax) {
        map.problem("sources", "at most " + std::to_string(kAccountSourcesMax) +
                                   " can send account updates; let several share one");
    }
}

void read_listener(MapReader& accounts, AccountListenerSettings& listen) {
    MapReader map = accounts.map("listen");
    map.value("enabled", listen.enabled, parse_flag);
    read_loopback(map, listen.address);
    map.whole("port", listen.port, 0, kPortMax);
    read_sources(map, listen.sources);
    map.whole("connections_max", listen.connections_max, 1, 256);
    map.whole("unanswered_max", listen.unanswered_max, 1, 16'384);
    map.finish();
    if (map.has("enabled") && listen.enabled && listen.sources.empty()) {
        map.problem("enabled", "nobody may send; name who may in accounts.listen.sources");
    }
}

}  // namespace

void read_accounts(MapReader& root, Settings& settings) {
    MapReader map = root.map("accounts");
    std::string file;
    if (map.text("file", file)) settings.accounts.file = beside(settings, file);
    map.whole("max", settings.risk.max_accounts, 1, 100'000'000);
    read_listener(map, settings.accounts.listen);
    map.finish();
    root.document().alias("max_accounts", "accounts.max");
}

// There is no authentication yet.
void read_loopback(MapReader& map, std::string& address) {
    if (!map.text("address", address)) return;
    boost::system::error_code error;
    const auto ip = boost::asio::ip::make_address(address, error);
    if (error) {
        map.problem("address", "'" + address + "' is not an IP address; use 127.0.0.1 or ::1");
    } else if (!ip.is_loopback()) {
        map.problem("address", "'" + address +
                                   "' is not loopback, and listeners have no authentication yet; "
                                   "use 127.0.0.1 or ::1, and a tunnel for remote access");
    }
}

void check_accounts_port(MapReader& root, const Settings& settings) {
    const AccountListenerSettings& listen = settings.accounts.listen;
    if (!listen.listens() || listen.port == 0) return;
    const auto differ_from = [&](const auto& other, const char* name) {
        if (other.port != listen.port || other.address != listen.address) return;
        root.document().problem(
            root.document().place_of("accounts.listen.port"),
            std::string("accounts.listen and ") + name + " have the same port; use another");
    };
    differ_from(settings.events, "events");
    if (settings.admin.enabled) differ_from(settings.admin, "admin");
}

}  // namespace margind::config
