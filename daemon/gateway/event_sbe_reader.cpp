#include "daemon/gateway/event_sbe_reader.hpp"

#include <optional>

#include "core/assert.hpp"

namespace margind::daemon::sbe {
namespace {

// The length of a template's root block in the version we know; nothing: we do not know it.
std::optional<std::size_t> block_bytes(Template kind) noexcept {
    switch (kind) {
        case Template::warning:
            return sizeof(WarningBlock);
        case Template::margin_call:
            return sizeof(MarginCallBlock);
        case Template::liquidation:
            return sizeof(LiquidationBlock);
        case Template::bankruptcy:
            return sizeof(BankruptcyBlock);
        case Template::recovered:
            return sizeof(RecoveredBlock);
        case Template::threshold_changed:
            return sizeof(ThresholdBlock);
        case Template::price_state:
            return sizeof(PriceStateBlock);
        case Template::feed_state:
            return sizeof(FeedStateBlock);
        case Template::daemon_state:
            return sizeof(DaemonStateBlock);
        case Template::parameters_changed:
            return sizeof(ParametersBlock);
        case Template::clock:
            return sizeof(ClockBlock);
        case Template::audit_failed:
            return sizeof(AuditBlock);
        case Template::withheld:
            return sizeof(WithheldBlock);
        case Template::caught_up:
            return sizeof(CaughtUpBlock);
        case Template::goodbye:
            return sizeof(GoodbyeBlock);
    }
    return std::nullopt;
}

bool has_plan(Template kind) noexcept {
    return kind == Template::liquidation || kind == Template::bankruptcy;
}

}  // namespace

std::string_view name_of(ReadProblem problem) {
    switch (problem) {
        case ReadProblem::none:
            return "none";
        case ReadProblem::too_short:
            return "too_short";
        case ReadProblem::other_schema:
            return "other_schema";
        case ReadProblem::unknown_template:
            return "unknown_template";
        case ReadProblem::block_too_short:
            return "block_too_short";
        case ReadProblem::trailing_bytes:
            return "trailing_bytes";
    }
    return "unknown";
}

ReadProblem Message::read(std::span<const std::byte> bytes, Message& message) noexcept {
    message = Message();
    MessageHeader header;
    if (bytes.size() < sizeof header) return ReadProblem::too_short;
    std::memcpy(&header, bytes.data(), sizeof header);
    if (header.schema_id != kSchemaId) return ReadProblem::other_schema;
    const auto kind = static_cast<Template>(header.template_id);
    const std::optional<std::size_t> known = block_bytes(kind);
    if (!known) return ReadProblem::unknown_template;
    if (header.block_length < *known) return ReadProblem::block_too_short;
    std::size_t used = sizeof header + header.block_length;
    if (bytes.size() < used) return ReadProblem::too_short;
    message.kind_ = kind;
    message.root_ = bytes.data() + sizeof header;
    if (has_plan(kind)) {
        const ReadProblem problem = message.read_plan(bytes.subspan(used), used);
        if (problem != ReadProblem::none) return problem;
    }
    return used < bytes.size() && header.version <= kSchemaVersion ? ReadProblem::trailing_bytes
                                                                   : ReadProblem::none;
}

ReadProblem Message::read_plan(std::span<const std::byte> rest, std::size_t& used) noexcept {
    GroupHeader group;
    if (rest.size() < sizeof group) return ReadProblem::too_short;
    std::memcpy(&group, rest.data(), sizeof group);
    if (group.count > 0 && group.block_length < sizeof(PlanBlock)) {
        return ReadProblem::block_too_short;
    }
    const std::size_t length = std::size_t{group.count} * group.block_length;
    if (rest.size() - sizeof group < length) return ReadProblem::too_short;
    plan_ = rest.data() + sizeof group;
    plan_steps_ = group.count;
    plan_stride_ = group.block_length;
    used += sizeof group + length;
    return ReadProblem::none;
}

PlanBlock Message::plan_step(std::size_t step) const noexcept {
    MARGIND_ASSERT(step < plan_steps_);
    PlanBlock block;
    std::memcpy(&block, plan_ + step * plan_stride_, sizeof block);
    return block;
}

}  // namespace margind::daemon::sbe
