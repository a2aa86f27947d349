#include "daemon/journal/sha256.hpp"

#include <array>
#include <bit>

#include <fmt/format.h>
#include <openssl/evp.h>

#include "core/assert.hpp"

namespace margind::daemon {

Sha256Sum::Sha256Sum() : context_(EVP_MD_CTX_new()) {
    MARGIND_ASSERT(context_ != nullptr);
    MARGIND_ASSERT(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
}
Sha256Sum::~Sha256Sum() = default;

void Sha256Sum::Free::operator()(evp_md_ctx_st* context) const noexcept {
    EVP_MD_CTX_free(context);
}

void Sha256Sum::add(std::span<const std::byte> bytes) {
    MARGIND_ASSERT(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
}

Sha256 Sha256Sum::finish() {
    std::array<unsigned char, sizeof(Sha256)> digits{};
    MARGIND_ASSERT(EVP_DigestFinal_ex(context_.get(), digits.data(), nullptr) == 1);
    MARGIND_ASSERT(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
    return std::bit_cast<Sha256>(digits);
}

std::string hex(const Sha256& sum) {
    std::string digits;
    for (const std::byte byte : sum) digits += fmt::format("{:02x}", static_cast<unsigned>(byte));
    return digits;
}

}  // namespace margind::daemon
