// The market with one instrument at another price and everything else as it is: other prices,
// rates, slow prices, the venue's statistics. What a search for a price asks.
//
// Not for the hot path: it copies the market's rows once, and changes a few for each price.
#pragma once

#include "core/ids.hpp"
#include "core/margin/market_view.hpp"
#include "core/market/margin_rows.hpp"
#include "core/units.hpp"

namespace margind::core {

class PriceScenario {
  public:
    // `rows` must outlive it and must not change meanwhile.
    explicit PriceScenario(const MarginRows& rows) : rows_(rows), now_(rows, MarginRows::Copy{}) {}

    // Mark and index of the instrument are `price`, and the assets that it prices are worth it. The
    // instrument of the last call stands where it stood.
    void set(InstrumentId id, Price price) {
        if (moved_.valid() && moved_ != id) now_.restore(moved_, rows_);
        moved_ = id;
        now_.imagine(id, price);
    }
    MarketView view() const noexcept { return now_.view(); }

  private:
    const MarginRows& rows_;
    MarginRows now_;
    InstrumentId moved_;
};

}  // namespace margind::core
