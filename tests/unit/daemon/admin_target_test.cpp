#include <string>

#include <catch2/catch.hpp>

#include "daemon/admin/target.hpp"

namespace margind::daemon {
namespace {

TEST_CASE("plain pages are found by name") {
    CHECK(parse_target("/").endpoint == Endpoint::index);
    CHECK(parse_target("/metrics").endpoint == Endpoint::metrics);
    CHECK(parse_target("/livez").endpoint == Endpoint::livez);
    CHECK(parse_target("/readyz").endpoint == Endpoint::readyz);
    CHECK(parse_target("/status").endpoint == Endpoint::status);
    CHECK(parse_target("/status").error_status == 0);
}

TEST_CASE("what does not exist is 404, and only its beginning is repeated") {
    CHECK(parse_target("/nothing").error_status == 404);
    CHECK(parse_target("/metrics/").error_status == 404);
    CHECK(parse_target("").error_status == 404);
    const Target target = parse_target("/" + std::string(5'000, 'x'));
    CHECK(target.error_status == 404);
    CHECK(target.error.size() < 200);
}

TEST_CASE("a page without parameters takes none") {
    CHECK(parse_target("/metrics?x=1").error_status == 400);
    CHECK(parse_target("/accounts/alice?limit=1").error_status == 400);
}

TEST_CASE("the worst accounts: order and limit, each once, in range") {
    CHECK(parse_target("/accounts").endpoint == Endpoint::worst_accounts);
    CHECK(parse_target("/accounts").limit == 10);
    CHECK(parse_target("/accounts?limit=1000&order=health").limit == 1'000);
    CHECK(parse_target("/accounts?limit=1").limit == 1);
    for (const char* bad : {"limit=0", "limit=1001", "limit=", "limit=-1", "limit=1x", "limit=+5",
                            "limit=99999999999999999999", "limit=5&limit=6"}) {
        INFO(bad);
        const Target target = parse_target(std::string("/accounts?") + bad);
        CHECK(target.error_status == 400);
        CHECK(target.error.find("limit") != std::string::npos);
    }
    CHECK(parse_target("/accounts?limit=0").error.find("1 to 1000") != std::string::npos);
    CHECK(parse_target("/accounts?order=name").error_status == 400);
    CHECK(parse_target("/accounts?colour=red").error.find("colour") == 0);
}

TEST_CASE("one account: owner and sub-account, percent-decoded") {
    const Target plain = parse_target("/accounts/alice");
    CHECK(plain.endpoint == Endpoint::one_account);
    CHECK(plain.key.owner.view() == "alice");
    CHECK(plain.key.sub_account.empty());
    const Target both = parse_target("/accounts/a%3Ab/s%2b1");
    CHECK(both.key.owner.view() == "a:b");
    CHECK(both.key.sub_account.view() == "s+1");
}

TEST_CASE("account names that no account can have are refused") {
    CHECK(parse_target("/accounts/").error_status == 400);
    CHECK(parse_target("/accounts//sub").error_status == 400);
    CHECK(parse_target("/accounts/a%2").error_status == 400);
    CHECK(parse_target("/accounts/a%zz").error_status == 400);
    CHECK(parse_target("/accounts/a%00b").error_status == 400);
    CHECK(parse_target("/accounts/a%20b").error_status == 400);
    CHECK(parse_target("/accounts/a%2Fb").error_status == 400);
    CHECK(parse_target("/accounts/" + std::string(48, 'a')).error_status == 0);
    CHECK(parse_target("/accounts/" + std::string(49, 'a')).error_status == 400);
    CHECK(parse_target("/accounts/a/" + std::string(17, 's')).error_status == 400);
    CHECK(parse_target("/accounts/a/b/c").error_status == 404);
}

}  // namespace
}  // namespace margind::daemon
