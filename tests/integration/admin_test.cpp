// The admin server over real sockets: what it answers, and what it does to clients that misbehave.
#include "daemon/admin/admin.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch.hpp>
#include <poll.h>

#include "daemon/clock.hpp"
#include "tests/support/admin_snapshot.hpp"

namespace margind::daemon {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

// A server on a thread of its own, over a world that does not move; its clock does.
class Server {
  public:
    explicit Server(AdminLimits limits = {}) : world_(), guard_(asio::make_work_guard(io_)) {
        world_.report.engine_time = clock_.now();
        AdminSources sources;
        sources.engine = [this]() -> const EngineReport& { return world_.report; };
        sources.gateway = [] { return GatewayStatistics{}; };
        sources.feeds = [this] { return world_.feeds; };
        sources.state = [this] { return world_.state; };
        sources.ask = [this](AccountQuery query, std::function<void(const AccountQuery*)> done) {
            if (silent_) return true;
            // As the application does it: the answer comes later, on the same thread.
            asio::post(io_, [query = std::move(query), done = std::move(done)]() mutable {
                if (query.kind == AccountQuery::Kind::one) {
                    query.one.found = query.key.owner.view() == "alice";
                    query.one.report.key = query.key;
                }
                done(&query);
            });
            return true;
        };
        sources.started = clock_.now();
        admin_ =
            std::make_unique<AdminServer>(io_, world_.settings, clock_, std::move(sources), limits);
        thread_ = std::thread([this] { io_.run(); });
    }
    ~Server() {
        admin_.reset();
        guard_.reset();
        thread_.join();
    }
    // Runs on the server's thread, before anything else is answered.
    template <class F>
    void change(F f) {
        std::promise<void> done;
        asio::post(io_, [&] {
            f(world_);
            done.set_value();
        });
        done.get_future().wait();
    }
    void never_answer_queries() {
        change([this](auto&) { silent_ = true; });
    }
    std::uint16_t port() const { return admin_->port(); }

  private:
    SystemClock clock_;
    tests::AdminWorld world_;
    asio::io_context io_;
    asio::executor_work_guard<asio::io_context::executor_type> guard_;
    bool silent_ = false;
    std::unique_ptr<AdminServer> admin_;
    std::thread thread_;
};

struct Response {
    int status = 0;
    std::string head;
    std::string body;
};

class Client {
  public:
    explicit Client(const Server& server) : socket_(io_) {
        socket_.connect({asio::ip::address_v4::loopback(), server.port()});
        const timeval limit{.tv_sec = 20, .tv_usec = 0};  // a hang must fail, not hang
        setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    }
    void send(const std::string& text) {
        boost::system::error_code ignored;  // the server may have had enough already
        asio::write(socket_, asio::buffer(text), ignored);
    }
    // Everything until the server closes; empty when it reset the connection.
    std::string read_all() {
        std::string all;
        boost::system::error_code error;
        asio::read(socket_, asio::dynamic_buffer(all), error);
        return error == asio::error::eof ? all : "";
    }
    // One response, by its Content-Length.
    Response read_response(bool with_body = true) {
        Response response;
        while (response.head.find("\r\n\r\n") == std::string::npos) {
            char c = 0;
            boost::system::error_code error;
            if (asio::read(socket_, asio::buffer(&c, 1), error) == 0) return response;
            response.head.push_back(c);
        }
        response.status = std::atoi(response.head.substr(9, 3).c_str());
        const std::size_t at = response.head.find("Content-Length: ");
        if (with_body && at != std::string::npos) {
            response.body.resize(std::stoul(response.head.substr(at + 16)));
            asio::read(socket_, asio::buffer(response.body));
        }
        return response;
    }
    Response get(const std::string& target, const std::string& method = "GET") {
        send(method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
        return read_response(method != "HEAD");
    }

  private:
    asio::io_context io_;
    tcp::socket socket_;
};

bool contains(const std::string& all, const std::string& text) {
    return all.find(text) != std::string::npos;
}
bool says(const Response& response, const std::string& text) {
    return contains(response.head + response.body, text);
}

TEST_CASE("every endpoint answers, all on one connection") {
    Server server;
    Client client(server);
    CHECK(says(client.get("/"), "/accounts?order=health"));
    CHECK(client.get("/livez").status == 200);
    CHECK(client.get("/readyz").status == 200);
    CHECK(says(client.get("/status"), "\"name\":\"BTC-PERP\""));
    CHECK(says(client.get("/metrics"), "margind_inputs_total 12345"));
    CHECK(client.get("/accounts?order=health&limit=3").status == 200);
    CHECK(says(client.get("/accounts/alice/main"), "\"sub_account\":\"main\""));
    CHECK(client.get("/accounts/nobody").status == 404);
    CHECK(client.get("/nothing").status == 404);
    const Response bad = client.get("/accounts?limit=0");
    CHECK(bad.status == 400);
    CHECK(says(bad, "limit: must be a whole number from 1 to 1000"));
    server.change([](auto& world) { world.state = RunState::draining; });
    CHECK(client.get("/readyz").status == 503);
}

TEST_CASE("several requests sent at once are answered in order") {
    Server server;
    Client client(server);
    client.send(
        "GET /livez HTTP/1.1\r\nHost: x\r\n\r\nGET /nothing HTTP/1.1\r\nHost: x\r\n\r\n"
        "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    CHECK(client.read_response().status == 200);
    CHECK(client.read_response().status == 404);
    CHECK(client.read_response().status == 200);
    CHECK(client.read_all().empty());
}

TEST_CASE("HEAD answers without a body, other methods are refused") {
    Server server;
    Client client(server);
    const Response head = client.get("/status", "HEAD");
    CHECK(head.status == 200);
    CHECK_FALSE(says(head, "Content-Length: 0"));
    const Response post = client.get("/status", "POST");
    CHECK(post.status == 405);
    CHECK(says(post, "Allow: GET, HEAD"));
    CHECK(client.get("/livez").status == 200);
}

TEST_CASE("requests that are no HTTP, or too large, are refused and the connection closed") {
    Server server;
    SECTION("no HTTP") {
        Client client(server);
        client.send("hello\r\n\r\n");
        CHECK(contains(client.read_all(), "HTTP/1.1 400"));
    }
    SECTION("a huge header") {
        Client client(server);
        client.send("GET / HTTP/1.1\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n");
        CHECK(contains(client.read_all(), "HTTP/1.1 431"));
    }
    SECTION("a huge body") {
        Client client(server);
        client.send("GET / HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n" + std::string(5'000, 'x'));
        CHECK(contains(client.read_all(), "HTTP/1.1 413"));
    }
    Client after(server);
    CHECK(after.get("/livez").status == 200);
    CHECK(says(after.get("/metrics"), "margind_admin_errors_total 1\n"));
}

TEST_CASE("a request that never ends is cut off, even if it trickles") {
    Server server({.idle_timeout = core::Duration::from_ms(200)});
    Client client(server);
    client.send("GET /livez HTTP/1.1\r\nX-");
    std::string answer;
    std::promise<void> closed;
    std::thread reader([&] {
        answer = client.read_all();
        closed.set_value();
    });
    std::future<void> end = closed.get_future();
    while (end.wait_for(std::chrono::milliseconds(10)) != std::future_status::ready) {
        client.send("x");
    }
    reader.join();
    CHECK(answer.empty());
    Client after(server);
    CHECK(says(after.get("/metrics"), "margind_admin_timeouts_total 1\n"));
}

TEST_CASE("more connections than there is room for: the longest idle make way") {
    Server server({.connections_max = 4});
    std::vector<std::unique_ptr<Client>> idle;
    for (int i = 0; i < 50; ++i) idle.push_back(std::make_unique<Client>(server));
    Client monitor(server);
    const Response metrics = monitor.get("/metrics");
    CHECK(says(metrics, "margind_admin_connections 4\n"));
    CHECK(says(metrics, "margind_admin_evicted_total 47\n"));
    CHECK(idle.front()->read_all().empty());
    CHECK(monitor.get("/livez").status == 200);
}

TEST_CASE("connections that wait for an answer are not evicted: newcomers are turned away") {
    Server server({.connections_max = 2});
    server.never_answer_queries();
    Client first(server);
    Client second(server);
    first.send("GET /accounts HTTP/1.1\r\nHost: x\r\n\r\n");
    second.send("GET /accounts HTTP/1.1\r\nHost: x\r\n\r\n");
    // Both wait now, or will before a later connection is looked at twice.
    bool turned_away = false;
    for (int i = 0; i < 100 && !turned_away; ++i) {
        Client third(server);
        turned_away = third.get("/livez").status == 0;
    }
    CHECK(turned_away);
}

TEST_CASE("an engine that does not answer costs the caller the timeout, nobody else anything") {
    Server server({.query_timeout = core::Duration::from_ms(50)});
    server.never_answer_queries();
    Client asking(server);
    asking.send("GET /accounts/alice HTTP/1.1\r\nHost: x\r\n\r\n");
    Client other(server);
    CHECK(other.get("/livez").status == 200);
    const Response late = asking.read_response();
    CHECK(late.status == 503);
    CHECK(says(late, "Retry-After: 1"));
    CHECK(asking.get("/livez").status == 200);
}

TEST_CASE("an address in use is named") {
    Server server;
    config::Settings settings = tests::admin_settings();
    settings.admin.port = server.port();
    asio::io_context io;
    SystemClock clock;
    // reuse_address lets a restarted daemon have its port back; a listening one keeps it.
    CHECK_THROWS_WITH(AdminServer(io, settings, clock, AdminSources{}),
                      Catch::Contains("127.0.0.1:" + std::to_string(server.port())));
}

// Exit status of the checker; says what it finds only where that would be a surprise.
int prometheus_check(const std::string& page, const char* findings = "") {
    const std::string path = (std::filesystem::temp_directory_path() /
                              ("margind_admin_" + std::to_string(::getpid()) + ".prom"))
                                 .string();
    std::ofstream(path) << page;
    const int status = std::system(
        ("python3 " MARGIND_SOURCE_DIR "/tests/integration/prometheus_check.py " + path + findings)
            .c_str());
    std::remove(path.c_str());
    return status;
}

TEST_CASE("a scraper can read the metrics") {
    Server server;
    Client client(server);
    const std::string page = client.get("/metrics").body;
    CHECK(prometheus_check(page) == 0);
    // And the checker finds what it is there to find.
    CHECK(prometheus_check(page + page, " >/dev/null") != 0);
    CHECK(prometheus_check(page + "margind_x{label=\"unclosed} 1\n", " >/dev/null") != 0);
    CHECK(prometheus_check("", " >/dev/null") != 0);
}

}  // namespace
}  // namespace margind::daemon
