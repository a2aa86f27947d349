// One description of a record's fields, for writing and for reading:
//
//   template <class Archive>
//   void fields(Archive& archive, typename Archive::template Ref<PriceInput> price) {
//       archive.value(price.source);
//       archive.value(price.channel, Channel::oracle);
//   }
//
// Bytes: little-endian, no padding, doubles by their bits, texts as a length byte and their
// characters. Equal values give equal bytes. Neither direction throws or allocates; an archive that
// cannot go on turns bad and stays so, and its caller looks at ok() once, at the end.
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

#include "core/ids.hpp"
#include "core/time.hpp"
#include "core/units.hpp"

namespace margind::core {

// A whole number's bytes, lowest first. Compilers see a plain load or store in these loops.
template <std::unsigned_integral T>
void store_little(T value, std::byte* bytes) noexcept {
    for (std::size_t i = 0; i < sizeof(T); ++i) bytes[i] = static_cast<std::byte>(value >> (8 * i));
}
template <std::unsigned_integral T>
T load_little(const std::byte* bytes) noexcept {
    T value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) {
        value = static_cast<T>(value | static_cast<T>(static_cast<T>(bytes[i]) << (8 * i)));
    }
    return value;
}

// Where a writer's bytes go: the caller's memory, up to its end.
class SpanSink {
  public:
    explicit SpanSink(std::span<std::byte> room) noexcept : room_(room) {}
    bool put(const std::byte* bytes, std::size_t count) noexcept {
        if (count > room_.size() - used_) return false;
        std::memcpy(room_.data() + used_, bytes, count);
        used_ += count;
        return true;
    }
    std::size_t used() const noexcept { return used_; }

  private:
    std::span<std::byte> room_;
    std::size_t used_ = 0;
};

// Where a reader's bytes come from.
class SpanSource {
  public:
    explicit SpanSource(std::span<const std::byte> bytes) noexcept : bytes_(bytes) {}
    bool take(std::byte* bytes, std::size_t count) noexcept {
        if (count > bytes_.size()) return false;
        if (count > 0) std::memcpy(bytes, bytes_.data(), count);
        bytes_ = bytes_.subspan(count);
        return true;
    }
    std::size_t left() const noexcept { return bytes_.size(); }

  private:
    std::span<const std::byte> bytes_;
};

// Sink: `bool put(const std::byte*, std::size_t)`, false when it is full.
template <class Sink>
class ArchiveWriter {
  public:
    static constexpr bool kReads = false;
    template <class T>
    using Ref = const T&;

    explicit ArchiveWriter(Sink& sink) noexcept : sink_(sink) {}

    // False once something did not fit the sink or its type's range.
    bool ok() const noexcept { return ok_; }
    void fail() noexcept { ok_ = false; }

    template <std::integral T>
    void value(const T& field) noexcept {
        if constexpr (std::same_as<T, bool>) {
            word(static_cast<std::uint8_t>(field ? 1 : 0));
        } else {
            word(static_cast<std::make_unsigned_t<T>>(field));
        }
    }
    void value(const double& field) noexcept { word(std::bit_cast<std::uint64_t>(field)); }
    // `last`: the largest enumerator that may stand in a record.
    template <class E>
        requires std::is_enum_v<E>
    void value(const E& field, E last) noexcept {
        if (field > last) ok_ = false;
        value(static_cast<std::underlying_type_t<E>>(field));
    }
    template <class Tag>
    void value(const Id<Tag>& field) noexcept {
        word(field.index());
    }
    template <class Tag, class N>
    void value(const Scaled<Tag, N>& field) noexcept {
        value(field.raw());
    }
    void value(const Timestamp& field) noexcept { value(field.ns()); }
    void value(const Duration& field) noexcept { value(field.ns()); }
    template <std::size_t N>
    void value(const FixedText<N>& field) noexcept {
        static_assert(N < 256, "its length is one byte");
        const std::string_view text = field.view();
        if (!FixedText<N>::fits(text)) ok_ = false;
        word(static_cast<std::uint8_t>(text.size()));
        bytes(std::as_bytes(std::span(text)));
    }
    void bytes(std::span<const std::byte> field) noexcept {
        if (ok_) ok_ = sink_.put(field.data(), field.size());
    }

  private:
    template <std::unsigned_integral T>
    void word(T field) noexcept {
        std::array<std::byte, sizeof(T)> little{};
        store_little(field, little.data());
        bytes(little);
    }

    Sink& sink_;
    bool ok_ = true;
};

// Source: `bool take(std::byte*, std::size_t)`, false when it has not so many. A field that cannot
// be read, or not be what it says, is left as it was.
template <class Source>
class ArchiveReader {
  public:
    static constexpr bool kReads = true;
    template <class T>
    using Ref = T&;

    explicit ArchiveReader(Source& source) noexcept : source_(source) {}

    bool ok() const noexcept { return ok_; }
    void fail() noexcept { ok_ = false; }

    template <std::integral T>
    void value(T& field) noexcept {
        if constexpr (std::same_as<T, bool>) {
            std::uint8_t truth = 0;
            if (!word(truth)) return;
            if (truth > 1) return fail();
            field = truth == 1;
        } else {
            std::make_unsigned_t<T> unsigned_field = 0;
            if (word(unsigned_field)) field = static_cast<T>(unsigned_field);
        }
    }
    void value(double& field) noexcept {
        std::uint64_t bits = 0;
        if (word(bits)) field = std::bit_cast<double>(bits);
    }
    template <class E>
        requires std::is_enum_v<E>
    void value(E& field, E last) noexcept {
        using Raw = std::underlying_type_t<E>;
        Raw raw = 0;
        value(raw);
        if (!ok_) return;
        if (raw > static_cast<Raw>(last)) return fail();
        field = static_cast<E>(raw);
    }
    template <class Tag>
    void value(Id<Tag>& field) noexcept {
        std::uint32_t index = 0;
        if (word(index)) field = Id<Tag>(index);
    }
    template <class Tag, class N>
    void value(Scaled<Tag, N>& field) noexcept {
        typename N::Raw raw = 0;
        value(raw);
        if (ok_) field = Scaled<Tag, N>::from_raw(raw);
    }
    void value(Timestamp& field) noexcept {
        std::int64_t ns = 0;
        value(ns);
        if (ok_) field = Timestamp::from_ns(ns);
    }
    void value(Duration& field) noexcept {
        std::int64_t ns = 0;
        value(ns);
        if (ok_) field = Duration::from_ns(ns);
    }
    template <std::size_t N>
    void value(FixedText<N>& field) noexcept {
        std::array<char, N> text{};
        std::uint8_t length = 0;
        if (!word(length)) return;
        if (length > N) return fail();
        bytes(std::as_writable_bytes(std::span(text).first(length)));
        const std::string_view view(text.data(), length);
        if (!ok_ || !FixedText<N>::fits(view)) return fail();
        field = FixedText<N>(view);
    }
    void bytes(std::span<std::byte> field) noexcept {
        if (ok_) ok_ = source_.take(field.data(), field.size());
    }

  private:
    template <std::unsigned_integral T>
    bool word(T& field) noexcept {
        std::array<std::byte, sizeof(T)> little{};
        bytes(little);
        if (ok_) field = load_little<T>(little.data());
        return ok_;
    }

    Source& source_;
    bool ok_ = true;
};

using SpanWriter = ArchiveWriter<SpanSink>;
using SpanReader = ArchiveReader<SpanSource>;

}  // namespace margind::core
