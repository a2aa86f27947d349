#include "daemon/admin/pages.hpp"

namespace margind::daemon {

std::string_view name_of(RunState state) {
    switch (state) {
        case RunState::warming:
            return "warming";
        case RunState::live:
            return "live";
        case RunState::degraded:
            return "degraded";
        case RunState::draining:
            return "draining";
    }
    return "unknown";
}

std::string_view name_of(config::Layout layout) {
    switch (layout) {
        case config::Layout::inline_:
            return "inline";
        case config::Layout::paired:
            return "paired";
    }
    return "unknown";
}

std::string_view name_of(config::Idle idle) {
    switch (idle) {
        case config::Idle::spin:
            return "spin";
        case config::Idle::yield:
            return "yield";
        case config::Idle::park:
            return "park";
    }
    return "unknown";
}

std::string_view name_of(feeds::Verdict verdict) {
    switch (verdict) {
        case feeds::Verdict::decoded:
            return "decoded";
        case feeds::Verdict::control:
            return "control";
        case feeds::Verdict::ignored:
            return "ignored";
        case feeds::Verdict::rejected:
            return "rejected";
    }
    return "unknown";
}

std::string_view name_of(core::Role role) {
    return role == core::Role::index ? "index" : "mark";
}

}  // namespace margind::daemon
