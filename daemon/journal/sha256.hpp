// SHA-256 as bytes come: what proves that a sealed segment is the one that was written.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "daemon/journal/journal_directory.hpp"

struct evp_md_ctx_st;

namespace margind::daemon {

class Sha256Sum {
  public:
    Sha256Sum();
    ~Sha256Sum();

    void add(std::span<const std::byte> bytes);
    // Of everything added since the last call, or the beginning; begins anew.
    Sha256 finish();

  private:
    struct Free {
        void operator()(evp_md_ctx_st* context) const noexcept;
    };
    std::unique_ptr<evp_md_ctx_st, Free> context_;
};

// 64 hexadecimal digits, as sha256sum prints them.
std::string hex(const Sha256& sum);

}  // namespace margind::daemon
