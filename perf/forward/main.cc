// izar-perf-forward: one lcore of izar, and the null control in its place, under a generator on another core.
//
// One process measures one scenario: EAL, the node under test, trials in turn, JSON on standard output. The suites of
// perf/run start it for every scenario and ask it for trials line by line (--serve).
#include <fmt/format.h>
#include <rte_cycles.h>

#include <iostream>
#include <nlohmann/json.hpp>

#include "perf/forward/rig.h"
#include "perf/forward/rig_eal.h"
#include "perf/forward/serve.h"

namespace izar {
namespace {

using nlohmann::json;

int complain(const Error& error) {
    fmt::print(stderr, "{}\n", error.text);
    return 1;
}

std::vector<const char*> systems_of(const Scenario& scenario) {
    return scenario.ports == PortKind::pcap ? std::vector{"izar", "null"} : std::vector{"izar", "null", "generator"};
}

// izar, the null control and the generator alone, in turn, so that all meet the same disturbance.
Result<json> measure_highest(Rig& rig, const RigOptions& options) {
    json rows = json::array();
    for (int run = 0; run < options.runs; ++run) {
        for (const char* system : systems_of(options.scenario)) {
            auto row = rig.run(system, options.plan);
            if (!row) {
                return row;
            }
            rows.push_back(std::move(*row));
        }
    }
    return rows;
}

Result<void> measure(const RigOptions& options, TestNode& node, const TscClock& clock, bool hugepages) {
    Rig rig(options, node, clock);
    if (options.serve) {
        serve(rig, options.plan, std::cin, std::cout);
        return {};
    }
    const Scenario& scenario = options.scenario;
    json out = {
        {"role", role_name(scenario.role)}, {"security", scenario.sealed ? "aes-gcm" : "none"},
        {"flows", scenario.flows},          {"frame_bytes", scenario.imix ? json("imix") : json(scenario.frame_bytes)},
        {"tsc_hz", clock.hertz()},          {"hugepages", hugepages}};
    auto trials = measure_highest(rig, options);
    if (!trials) {
        return tl::unexpected(trials.error());
    }
    out["trials"] = std::move(*trials);
    fmt::print("{}\n", out.dump());
    return {};
}

int run(const RigOptions& options) {
    const auto eal = start_rig_eal(options.scenario.lcores);
    if (!eal) {
        return complain(eal.error());
    }
    const TscClock clock{rte_get_tsc_hz()};
    auto node = TestNode::make(options.scenario, clock);
    if (!node) {
        return complain(node.error());
    }
    if (auto done = measure(options, **node, clock, eal->hugepages); !done) {
        return complain(done.error());
    }
    node->reset();
    end_rig_eal();
    return 0;
}

}  // namespace
}  // namespace izar

int main(int argc, char** argv) {
    const auto options = izar::parse_rig_options(argc, argv);
    if (!options) {
        return izar::complain(options.error());
    }
    if (!options->message.empty()) {
        fmt::print("{}", options->message);
        return 0;
    }
    return izar::run(*options);
}
