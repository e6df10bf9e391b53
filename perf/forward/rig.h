// rig.h -- Rig: trials of izar and of its controls on one node, and what they say as JSON.
//
// Thread: the generator's.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string_view>

#include "perf/forward/options.h"
#include "perf/forward/table_builds.h"

namespace izar {

class Rig {
  public:
    Rig(const RigOptions& options, TestNode& node, const TscClock& clock);

    // One trial of `system`: izar; null, the control that receives and sends; impaired, which has the options'
    // loss and speed; generator, which sends to itself as fast as it can, whatever the plan. Keys of the row are
    // listed in perf/README.md.
    Result<nlohmann::json> run(std::string_view system, const TrialPlan& plan);

    // Sends one packet of each flow of the scenario through a node that knows none of them yet: how fast flows are
    // opened, and what one takes in memory. Once a rig.
    Result<nlohmann::json> open_flows();

  private:
    nlohmann::json row_of(std::string_view system, const TrialResult& result) const;
    TrialResult run(Forwarder& forwarder, const TrialPlan& plan);

    const RigOptions& options_;
    TestNode& node_;
    const TscClock& clock_;
    std::uint16_t from_;  // DPDK's numbers of the ports that packets enter and leave the node by
    std::uint16_t to_;
    std::optional<Generator> generator_;   // none where the ports play packets themselves
    std::unique_ptr<TableBuilds> builds_;  // once a plan asked for it
};

}  // namespace izar
