// Rules in an adapter's numbers as the YAML that asks the daemon for the same: each rule that is on
// becomes its key. What the market makes of it - prices of a level, rates by open interest, factors
// of a risk model - is not among them: the adapter gives the rule and its inputs instead.
#pragma once

#include <string>

#include "core/margin/lognormal_risk.hpp"
#include "tests/venues/account.hpp"
#include "tests/venues/production.hpp"

namespace margind::test {

// key: value, key: value ... of a YAML flow map.
class Keys {
  public:
    Keys& add(const std::string& key, const std::string& value) {
        text_ += (text_.empty() ? "" : ", ") + key + ": " + value;
        return *this;
    }
    Keys& add(const std::string& key, const Keys& section) { return add(key, section.map()); }
    Keys& add_if(bool on, const std::string& key, const std::string& value) {
        return on ? add(key, value) : *this;
    }
    const std::string& text() const { return text_; }
    std::string map() const { return "{" + text_ + "}"; }

  private:
    std::string text_;
};

// The section `margin` of an instrument with these terms.
Keys margin_keys(const VenueAccount& venue, const PositionTerms& terms);
// Its `risk_model`.
Keys risk_model_keys(const core::LognormalRule& rule);
// `tiers` of the row's rates, and the cap that lets them through; without maintenance rates where
// the terms make them a fraction of initial ones.
Keys tier_keys(const VenueAccount& venue, const Instrument& row, const PositionTerms& terms);
// Both: the rules of an instrument.
std::string instrument_rules(const VenueAccount& venue, const Instrument& row,
                             const PositionTerms& terms);
// Weights and rules of an asset. Of a row without terms: the weights.
Keys asset_keys(const VenueAccount& venue, const Asset& row);

// Throws BeyondLedger if a rate that follows from a size or an amount has more decimals than the
// ledger keeps of it: it is rounded there, and the case is about more.
void require_decimals(const Rational& rate, const std::string& what);

}  // namespace margind::test
