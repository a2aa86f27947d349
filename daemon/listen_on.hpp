// A listening TCP socket, or a message that says what to do.
#pragma once

#include <cstdint>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace margind::daemon {

// `settings`: where address and port stand in the config, e.g. accounts.listen. Throws
// std::system_error naming them.
boost::asio::ip::tcp::acceptor listen_on(boost::asio::io_context& io, const std::string& settings,
                                         const std::string& address, std::uint16_t port);

}  // namespace margind::daemon
