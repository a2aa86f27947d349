#include "daemon/listen_on.hpp"

#include <system_error>

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>

namespace margind::daemon {

boost::asio::ip::tcp::acceptor listen_on(boost::asio::io_context& io, const std::string& settings,
                                         const std::string& address, std::uint16_t port) {
    namespace ip = boost::asio::ip;
    try {
        return {io, ip::tcp::endpoint(ip::make_address(address), port), true};
    } catch (const boost::system::system_error& error) {
        throw std::system_error(
            error.code(), fmt::format("{0}: cannot listen on {1}:{2}; another process may have it: "
                                      "stop that one, or choose another {0}.address or {0}.port",
                                      settings, address, port));
    }
}

}  // namespace margind::daemon
