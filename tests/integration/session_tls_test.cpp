// TLS between session and stand-in venue: what is trusted, and that nothing else is.
#include <catch2/catch.hpp>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "tests/support/session_world.hpp"

using namespace margind;
using namespace margind::test;
using core::Channel;
using core::FeedReason;
using core::FeedState;

namespace {

// A certificate authority of one test: makes a key and a certificate for a host name.
class Authority {
  public:
    explicit Authority(const char* name) : key_(EVP_EC_gen("P-256"), EVP_PKEY_free) {
        certificate_ = make_certificate(name, key_.get(), nullptr, "CA:TRUE");
    }
    std::string pem() const { return certificate_pem(certificate_.get()); }

    struct Issued {
        std::string certificate_pem;
        std::string key_pem;
    };
    Issued issue(const std::string& alternative_name) const {
        const Key key(EVP_EC_gen("P-256"), EVP_PKEY_free);
        const Certificate certificate =
            make_certificate("venue", key.get(), alternative_name.c_str(), "CA:FALSE");
        return {certificate_pem(certificate.get()), key_pem(key.get())};
    }

  private:
    using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
    using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

    static void extend(X509* certificate, int nid, const char* value) {
        X509V3_CTX context;
        X509V3_set_ctx(&context, nullptr, certificate, nullptr, nullptr, 0);
        X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
        REQUIRE(extension != nullptr);
        X509_add_ext(certificate, extension, -1);
        X509_EXTENSION_free(extension);
    }

    // Signed by this authority; by itself while it has no certificate yet.
    Certificate make_certificate(const char* name, EVP_PKEY* key, const char* alternative_name,
                                 const char* constraints) const {
        Certificate made(X509_new(), X509_free);
        X509* certificate = made.get();
        X509_set_version(certificate, 2);
        ASN1_INTEGER_set(X509_get_serialNumber(certificate), alternative_name == nullptr ? 1 : 2);
        X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
        X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
        X509_set_pubkey(certificate, key);
        X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                                   reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
        X509* issuer = certificate_ ? certificate_.get() : certificate;
        X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
        extend(certificate, NID_basic_constraints, constraints);
        if (alternative_name != nullptr) {
            extend(certificate, NID_subject_alt_name, alternative_name);
        }
        REQUIRE(X509_sign(certificate, key_.get(), EVP_sha256()) > 0);
        return made;
    }

    template <class Write>
    static std::string to_pem(Write write) {
        const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), BIO_free);
        REQUIRE(write(out.get()) == 1);
        char* data = nullptr;
        const long size = BIO_ctrl(out.get(), BIO_CTRL_INFO, 0, &data);
        return {data, static_cast<std::size_t>(size)};
    }
    static std::string certificate_pem(X509* certificate) {
        return to_pem([&](BIO* out) { return PEM_write_bio_X509(out, certificate); });
    }
    static std::string key_pem(EVP_PKEY* key) {
        return to_pem([&](BIO* out) {
            return PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
        });
    }

    Key key_;
    Certificate certificate_{nullptr, X509_free};
};

// A venue with a certificate of `authority` for `alternative_name`, and options to reach it by
// `host`, trusting `trusted`.
struct TlsWorld : SessionWorld {
    feeds::FeedOptions serve_tls(const Authority& authority, const std::string& alternative_name,
                                 const std::string& host, const Authority& trusted) {
        const Authority::Issued issued = authority.issue(alternative_name);
        daemon::stand_in::VenueOptions venue;
        venue.listen.tls_certificate_file = folder.write("cert.pem", issued.certificate_pem);
        venue.listen.tls_key_file = folder.write("key.pem", issued.key_pem);
        serve("binance_spot", {{"BTCUSDT", history_csv(200)}}, {.speed = 0}, venue);
        feeds::FeedOptions result = options();
        result.url = "wss://" + host + ":" + std::to_string(this->venue().port()) + "/stream";
        result.ca_file = folder.write("ca.pem", trusted.pem());
        return result;
    }
};

const std::vector<feeds::Topic> kTopics{{"BTCUSDT", Channel::book_top}};

}  // namespace

TEST_CASE("a certificate of a trusted authority for this host is accepted") {
    const auto host = GENERATE(std::string("localhost"), std::string("127.0.0.1"));
    const Authority authority("authority");
    TlsWorld world;
    const auto options = world.serve_tls(authority, "DNS:localhost,IP:127.0.0.1", host, authority);
    AdjustedVenue venue("binance_spot");
    world.connect(venue, kTopics, options);
    const std::size_t sent = world.venue().tape().prices.size();
    REQUIRE(world.run_until([&] { return world.sink.ticks.size() == sent; }));
    CHECK(world.sink.count(FeedState::live, FeedReason::subscribed) == 1);
}

TEST_CASE("a certificate for another host is refused") {
    const auto host = GENERATE(std::string("localhost"), std::string("127.0.0.1"));
    const Authority authority("authority");
    TlsWorld world;
    const auto options =
        world.serve_tls(authority, "DNS:venue.example,IP:127.0.0.9", host, authority);
    AdjustedVenue venue("binance_spot");
    world.connect(venue, kTopics, options);
    REQUIRE(world.run_until_state(FeedState::down, FeedReason::connect_failed));
    CHECK_THAT(world.session->statistics().last_problem, Catch::Contains("mismatch"));
    CHECK(world.sink.ticks.empty());
    CHECK(world.venue().statistics().connections == 0);
}

TEST_CASE("a certificate of an unknown authority is refused") {
    const Authority authority("authority");
    const Authority stranger("stranger");
    TlsWorld world;
    const auto options = world.serve_tls(stranger, "DNS:localhost", "localhost", authority);
    AdjustedVenue venue("binance_spot");
    world.connect(venue, kTopics, options);
    REQUIRE(world.run_until_state(FeedState::down, FeedReason::connect_failed));
    CHECK_THAT(world.session->statistics().last_problem, Catch::Contains("is not accepted"));
    CHECK(world.venue().statistics().connections == 0);
}

TEST_CASE("a stream without TLS is refused where wss is asked for") {
    const Authority authority("authority");
    TlsWorld world;
    world.serve("binance_spot", {{"BTCUSDT", history_csv(200)}});
    feeds::FeedOptions options = world.options();
    options.url.replace(0, 2, "wss");
    options.ca_file = world.folder.write("ca.pem", authority.pem());
    AdjustedVenue venue("binance_spot");
    world.connect(venue, kTopics, options);
    REQUIRE(world.run_until_state(FeedState::down, FeedReason::connect_failed));
    CHECK_THAT(world.session->statistics().last_problem, Catch::Contains("TLS"));
}

TEST_CASE("a dropped TLS connection comes back") {
    const Authority authority("authority");
    TlsWorld world;
    const auto options = world.serve_tls(authority, "DNS:localhost", "localhost", authority);
    AdjustedVenue venue("binance_spot");
    world.connect(venue, kTopics, options);
    REQUIRE(world.run_until_state(FeedState::live, FeedReason::subscribed, 1));
    world.stand_in->command("drop");
    REQUIRE(world.run_until_state(FeedState::live, FeedReason::subscribed, 2));
}
