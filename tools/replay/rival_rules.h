// rival_rules.h -- Rules of switching that izar does not use, and how far each of them comes on a series of slices.
//
// Each has one figure that trades switches against delay; with all of them a path that is gone is left at once.
//
// Thread: values of one thread. Units: ms.
#pragma once

#include <functional>
#include <vector>

#include "sched/matrix.h"
#include "tools/replay/clairvoyant.h"
#include "tools/replay/path_choice.h"

namespace izar {

// A pair that has a path and could have a better one.
struct SwitchOffer {
    std::size_t from = 0;
    std::size_t to = 0;
    RelayChoice used;
    RelayChoice best;         // by what the rule sees
    double gain_ms = 0;       // by what is measured; may be negative
    double seen_gain_ms = 0;  // by what the rule sees
};

struct SwitchRule {
    // What paths are chosen by; called for each slice, in order.
    std::function<RttMatrix(const RttMatrix& slice)> see;
    // Whether the pair moves to its best path; called for each pair in each slice.
    std::function<bool(const SwitchOffer& offer)> moves;
};

// Moves for a gain of this much.
SwitchRule margin_rule(double margin_ms);
// The same, and each link of a path counts this much more: fewer links are fewer to go bad.
SwitchRule charge_rule(double margin_ms, float charge_ms);
// Moves when what staying has cost since the last move adds up to this much (ski rental: competitive against any course
// of events, if moving costs as much).
SwitchRule regret_rule(double regret_ms);
// Moves for a gain of this many standard errors of the difference, by the deviation of each link (RFC 6298's).
SwitchRule noise_rule(double errors);
// Sees the RTT smoothed by this gain, and moves for 60 ms by that.
SwitchRule smooth_rule(float gain);
// Moves for 60 ms, to paths whose links are not soon measured again: a node measures its row every few slices, so what
// it has just measured will stay as it is for some. Charges each link `charge_ms`, faded by a fifth a slice until then.
SwitchRule fresh_rule(float charge_ms);

CourseFigures follow_rule(const std::vector<const RttMatrix*>& slices, const SwitchRule& rule);

}  // namespace izar
