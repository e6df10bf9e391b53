// rival_rules.cc -- The rules, and the run that all of them share.
#include "tools/replay/rival_rules.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <utility>

namespace izar {
namespace {

constexpr double kCommonMarginMs = 60;

template <typename Change>
RttMatrix changed(const RttMatrix& slice, Change change) {
    RttMatrix result = slice;
    for (std::size_t from = 0; from < slice.nodes(); ++from)
        for (std::size_t to = 0; to < slice.nodes(); ++to)
            if (from != to && slice.at(from, to) != kUnknownRtt)
                result.set(from, to, change(from, to, slice.at(from, to)));
    return result;
}

RttMatrix as_measured(const RttMatrix& slice) {
    return slice;
}

// Mean deviation of each link, RFC 6298 (2.3).
class Deviations {
  public:
    void take(const RttMatrix& slice) {
        if (before_.nodes() == 0)
            squares_ = changed(slice, [](auto, auto, float) { return 0.0F; });
        else
            squares_ = changed(slice, [&](std::size_t from, std::size_t to, float rtt) {
                const float old = before_.at(from, to);
                const float square = old == kUnknownRtt ? 0.0F : (rtt - old) * (rtt - old);
                const float known = squares_.at(from, to);
                return known == kUnknownRtt ? square : 0.75F * known + 0.25F * square;
            });
        before_ = slice;
    }
    double square_of(const SwitchOffer& offer, const RelayChoice& relays) const {
        return static_cast<double>(path_cost(squares_, squares_, offer.from, offer.to, relays));
    }

  private:
    RttMatrix before_;
    RttMatrix squares_;
};

// When each node's row will be measured again, by how long it took before.
class Rows {
  public:
    void take(const RttMatrix& slice) {
        age_.resize(slice.nodes(), 0);
        period_.resize(slice.nodes(), kFirstPeriod);
        for (std::size_t from = 0; from < slice.nodes() && before_.nodes() > 0; ++from) {
            ++age_[from];
            const float* const row = slice.row(from);
            if (std::equal(row, row + slice.nodes(), before_.row(from)))
                continue;
            period_[from] = 0.75F * period_[from] + 0.25F * age_[from];
            age_[from] = 0;
        }
        before_ = slice;
    }
    float slices_left(std::size_t from) const { return std::max(0.5F, period_[from] - age_[from]); }

  private:
    static constexpr float kFirstPeriod = 5;
    RttMatrix before_;
    std::vector<float> age_;
    std::vector<float> period_;
};

}  // namespace

SwitchRule margin_rule(double margin_ms) {
    return {as_measured, [=](const SwitchOffer& offer) { return offer.gain_ms >= margin_ms; }};
}

SwitchRule charge_rule(double margin_ms, float charge_ms) {
    return {
        [=](const RttMatrix& slice) { return changed(slice, [=](auto, auto, float rtt) { return rtt + charge_ms; }); },
        margin_rule(margin_ms).moves};
}

SwitchRule regret_rule(double regret_ms) {
    const auto regrets = std::make_shared<std::map<std::pair<std::size_t, std::size_t>, double>>();
    return {as_measured, [=](const SwitchOffer& offer) {
                double& regret = (*regrets)[{offer.from, offer.to}];
                regret += std::max(0.0, offer.gain_ms);
                const bool moves = regret >= regret_ms;
                regret = moves ? 0 : regret;
                return moves;
            }};
}

SwitchRule noise_rule(double errors) {
    const auto noise = std::make_shared<Deviations>();
    return {[=](const RttMatrix& slice) {
                noise->take(slice);
                return slice;
            },
            [=](const SwitchOffer& offer) {
                const double square = noise->square_of(offer, offer.used) + noise->square_of(offer, offer.best);
                return offer.gain_ms > errors * std::sqrt(square);
            }};
}

SwitchRule smooth_rule(float gain) {
    const auto smoothed = std::make_shared<RttMatrix>();
    return {[=](const RttMatrix& slice) {
                const RttMatrix before = std::move(*smoothed);
                *smoothed = changed(slice, [&](std::size_t from, std::size_t to, float rtt) {
                    const float old = before.nodes() == 0 ? kUnknownRtt : before.at(from, to);
                    return old == kUnknownRtt ? rtt : old + gain * (rtt - old);
                });
                return *smoothed;
            },
            [](const SwitchOffer& offer) { return offer.seen_gain_ms >= kCommonMarginMs; }};
}

SwitchRule fresh_rule(float charge_ms) {
    constexpr float kFade = 0.8F;
    const auto rows = std::make_shared<Rows>();
    return {[=](const RttMatrix& slice) {
                rows->take(slice);
                return changed(slice, [&](std::size_t from, auto, float rtt) {
                    return rtt + charge_ms * std::pow(kFade, rows->slices_left(from));
                });
            },
            margin_rule(kCommonMarginMs).moves};
}

CourseFigures follow_rule(const std::vector<const RttMatrix*>& slices, const SwitchRule& rule) {
    CHECK(slices.size() > 1);
    const std::size_t nodes = slices.front()->nodes();
    std::vector<RelayChoice> used;
    CourseFigures figures;
    for (const RttMatrix* slice : slices) {
        const RttMatrix seen = rule.see(*slice);
        const auto offers = choose_paths(seen, seen, 2);
        const auto oracle = choose_paths(*slice, *slice, 2);
        const bool first = used.empty();
        if (first)
            used = offers.relays;
        double chosen_ms = 0;
        double oracle_ms = 0;
        std::size_t moved = 0;
        for (std::size_t pair = 0; pair < nodes * nodes; ++pair) {
            const std::size_t from = pair / nodes;
            const std::size_t to = pair % nodes;
            if (from == to)
                continue;
            const auto cost = [&](const RttMatrix& matrix, const RelayChoice& relays) {
                return static_cast<double>(path_cost(matrix, matrix, from, to, relays));
            };
            const RelayChoice& best = offers.relays[pair];
            const double now_ms = cost(*slice, used[pair]);
            const SwitchOffer offer{
                from, to, used[pair], best, now_ms - cost(*slice, best), cost(seen, used[pair]) - cost(seen, best)};
            const bool gone = now_ms == static_cast<double>(kUnknownRtt);
            if (!(used[pair] == best) && (gone || rule.moves(offer))) {
                used[pair] = best;
                ++moved;
            }
            if (slice->at(from, to) == kUnknownRtt)
                continue;
            chosen_ms += cost(*slice, used[pair]);
            oracle_ms += static_cast<double>(oracle.cost.at(from, to));
        }
        figures.over_oracle += (chosen_ms / oracle_ms - 1) / static_cast<double>(slices.size());
        if (!first)
            figures.switched += static_cast<double>(moved) / static_cast<double>(nodes * (nodes - 1)) /
                                static_cast<double>(slices.size() - 1);
    }
    return figures;
}

}  // namespace izar
