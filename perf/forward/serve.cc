#include "perf/forward/serve.h"

#include <nlohmann/json.hpp>
#include <string>

namespace izar {
namespace {

using nlohmann::json;

TrialPlan plan_of(const json& request, TrialPlan plan) {
    plan.duration = std::chrono::milliseconds{request.value("ms", std::int64_t{500})};
    plan.slice = std::min<Nanos>(plan.slice, plan.duration);
    plan.packets_per_second = request.value("load_mpps", 0.0) * 1e6;
    plan.refuses = request.value("refuses", false);
    plan.watches_latency = request.value("latency", false);
    plan.rewrites_per_second = request.value("rewrites_per_second", 0U);
    plan.opens_flows = request.value("opens_flows", false);
    if (plan.packets_per_second != 0) {
        plan.warm_up = std::chrono::milliseconds{2};  // its flows are open: only caches have to be warm
    }
    return plan;
}

json answer(Rig& rig, const TrialPlan& plan, const std::string& line) {
    const json request = json::parse(line);
    Result<json> row = request.value("open_flows", false)
                           ? rig.open_flows()
                           : rig.run(request.at("system").get<std::string>(), plan_of(request, plan));
    return row ? *row : json{{"error", row.error().text}};
}

}  // namespace

void serve(Rig& rig, const TrialPlan& plan, std::istream& in, std::ostream& out) {
    for (std::string line; std::getline(in, line);) {
        json row;
        try {
            row = answer(rig, plan, line);
        } catch (const json::exception& error) {
            row = {{"error", error.what()}};
        }
        out << row.dump() << std::endl;
    }
}

}  // namespace izar
