// Reads messages of the binary event stream, as a client would: for tests and tools.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

#include "daemon/gateway/event_sbe_layout.hpp"

namespace margind::daemon::sbe {

enum class ReadProblem : std::uint8_t {
    none,
    too_short,         // the bytes end before what its lengths announce
    other_schema,      // not schema kSchemaId
    unknown_template,  // of a newer version: pass over the message
    block_too_short,   // a root block or step shorter than version 1 has it
    trailing_bytes,    // more than the message has, and its version is known
};
// In words, for messages.
std::string_view name_of(ReadProblem problem);

// A view of one message; the bytes must outlive it. Newer versions may append to blocks, and to
// messages behind the plan: both are passed over.
class Message {
  public:
    // ReadProblem::none, or `message` is of no use.
    static ReadProblem read(std::span<const std::byte> bytes, Message& message) noexcept;

    Template kind() const noexcept { return kind_; }
    // A copy of the root block. Requires: `Block` is that of kind().
    template <class Block>
    Block block() const noexcept {
        static_assert(std::is_trivially_copyable_v<Block>);
        Block block;
        std::memcpy(&block, root_, sizeof block);
        return block;
    }
    std::size_t plan_steps() const noexcept { return plan_steps_; }
    // Requires: step < plan_steps().
    PlanBlock plan_step(std::size_t step) const noexcept;

  private:
    ReadProblem read_plan(std::span<const std::byte> rest, std::size_t& used) noexcept;

    Template kind_ = Template::withheld;
    const std::byte* root_ = nullptr;
    const std::byte* plan_ = nullptr;
    std::size_t plan_steps_ = 0;
    std::size_t plan_stride_ = 0;
};

// The text of an array: up to its first zero byte, or its end. Borrows.
template <std::size_t N>
std::string_view text_of(const std::array<char, N>& array) noexcept {
    const std::string_view all(array.data(), array.size());
    return all.substr(0, all.find('\0'));
}

}  // namespace margind::daemon::sbe
