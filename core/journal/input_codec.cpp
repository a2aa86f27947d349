#include "core/journal/input_codec.hpp"

#include "core/journal/archive.hpp"

namespace margind::core {
namespace {

template <class Archive, class T>
using Ref = typename Archive::template Ref<T>;

// An enumerator `count_` may stand where the engine refuses it: what it refused is replayed too.

template <class Archive>
void fields(Archive& archive, Ref<Archive, PriceInput> price) {
    archive.value(price.source);
    archive.value(price.channel, Channel::oracle);
    archive.value(price.price);
    archive.value(price.bid);
    archive.value(price.ask);
    archive.value(price.confidence);
    archive.value(price.sequence);
}

template <class Archive>
void fields(Archive& archive, Ref<Archive, AccountInput> account) {
    archive.value(account.key.owner);
    archive.value(account.key.sub_account);
    archive.value(account.record, AccountRecord::count_);
    archive.value(account.mode, UpdateMode::replace);
    archive.value(account.last, Last::yes);
    archive.value(account.id);
    archive.value(account.amount);
    archive.value(account.price);
}

template <class Archive>
void fields(Archive& archive, Ref<Archive, ParameterInput> parameter) {
    archive.value(parameter.parameter, Parameter::count_);
    archive.value(parameter.last, Last::yes);
    archive.value(parameter.tier);
    archive.value(parameter.target);
    archive.value(parameter.value);
}

template <class Archive>
void fields(Archive& archive, Ref<Archive, FeedStateInput> feed) {
    archive.value(feed.feed);
    archive.value(feed.state, FeedState::down);
    archive.value(feed.reason, FeedReason::no_credentials);
}

template <class Archive>
void fields(Archive& archive, Ref<Archive, StatisticInput> statistic) {
    archive.value(statistic.statistic, Statistic::count_);
    archive.value(statistic.target);
    archive.value(statistic.value);
}

template <class Archive>
void fields(Archive& archive, Ref<Archive, DaemonInput> daemon) {
    archive.value(daemon.notice, DaemonNotice::count_);
    archive.value(daemon.reason, DaemonReason::count_);
}

template <class Archive>
void fields(Archive& archive, Ref<Archive, Input> input) {
    archive.value(input.origin);
    archive.value(input.receive_time);
    archive.value(input.exchange_time);
    switch (input.kind) {
        case InputKind::price:
            return fields(archive, input.price);
        case InputKind::account:
            return fields(archive, input.account);
        case InputKind::parameter:
            return fields(archive, input.parameter);
        case InputKind::feed_state:
            return fields(archive, input.feed_state);
        case InputKind::timer:
            return;
        case InputKind::statistic:
            return fields(archive, input.statistic);
        case InputKind::daemon:
            return fields(archive, input.daemon);
        case InputKind::count_:
            break;
    }
    archive.fail();
}

// An input of `kind` with its part of the union begun.
Input blank(InputKind kind) noexcept {
    switch (kind) {
        case InputKind::price:
            return Input::of(PriceInput{});
        case InputKind::account:
            return Input::of(AccountInput{});
        case InputKind::parameter:
            return Input::of(ParameterInput{});
        case InputKind::feed_state:
            return Input::of(FeedStateInput{});
        case InputKind::statistic:
            return Input::of(StatisticInput{});
        case InputKind::daemon:
            return Input::of(DaemonInput{});
        case InputKind::timer:
        case InputKind::count_:
            break;
    }
    return Input::of(TimerInput{});
}

}  // namespace

std::size_t encode_input(const Input& input, std::span<std::byte> room) noexcept {
    SpanSink sink(room);
    SpanWriter writer(sink);
    writer.value(input.kind, InputKind::daemon);
    fields(writer, input);
    return writer.ok() ? sink.used() : 0;
}

bool decode_input(std::uint64_t input_seq, Timestamp engine_time,
                  std::span<const std::byte> payload, Input& input) noexcept {
    SpanSource source(payload);
    SpanReader reader(source);
    InputKind kind = InputKind::timer;
    reader.value(kind, InputKind::daemon);
    input = blank(kind);
    input.input_seq = input_seq;
    input.engine_time = engine_time;
    fields(reader, input);
    return reader.ok() && source.left() == 0;
}

}  // namespace margind::core
