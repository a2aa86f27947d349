// Decimal numbers, times and addresses as the world writes them. What is accepted must survive
// being written and read again.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/assert.hpp"
#include "core/time.hpp"
#include "feeds/decimal.hpp"
#include "feeds/time_text.hpp"
#include "feeds/url.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(data[i]);

    margind::feeds::Decimal decimal;
    if (margind::feeds::parse_decimal(text, decimal)) {
        std::string written;
        margind::feeds::append_decimal(written, decimal);
        margind::feeds::Decimal again;
        MARGIND_ASSERT(margind::feeds::parse_decimal(written, again) && again == decimal);
    }

    margind::core::Timestamp time;
    if (margind::feeds::parse_utc_time(text, time)) MARGIND_ASSERT(time.ns() >= 0);

    const margind::feeds::ParsedUrl parsed = margind::feeds::parse_url(text);
    if (parsed.problem.empty())
        MARGIND_ASSERT(!parsed.url.host.empty() && parsed.url.target.front() == '/');
    return 0;
}
