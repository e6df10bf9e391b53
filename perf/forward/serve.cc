#include "perf/forward/serve.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace izar {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 3> kBesideWords = {"nothing", "spins", "builds"};  // as Beside counts them

Result<Beside> beside_of(std::string_view word) {
    const auto found = std::ranges::find(kBesideWords, word);
    if (found == kBesideWords.end()) {
        return fail(fmt::format("nothing beside is called '{}'; use nothing, spins or builds", word));
    }
    return static_cast<Beside>(found - kBesideWords.begin());
}

Result<TrialPlan> plan_of(const json& request, TrialPlan plan) {
    plan.duration = std::chrono::milliseconds{request.value("ms", std::int64_t{500})};
    plan.slice = std::min<Nanos>(plan.slice, plan.duration);
    plan.packets_per_second = request.value("load_mpps", 0.0) * 1e6;
    plan.refuses = request.value("refuses", false);
    plan.watches_latency = request.value("latency", false);
    plan.rewrites_per_second = request.value("rewrites_per_second", 0U);
    plan.opens_flows = request.value("opens_flows", false);
    plan.builds_per_second = request.value("builds_per_second", 0U);
    const auto beside = beside_of(request.value("beside", "nothing"));
    if (!beside) {
        return tl::unexpected(beside.error());
    }
    plan.beside = *beside;
    if (plan.packets_per_second != 0) {
        plan.warm_up = std::chrono::milliseconds{2};  // its flows are open: only caches have to be warm
    }
    return plan;
}

json answer(Rig& rig, const TrialPlan& plan, const std::string& line) {
    const json request = json::parse(line);
    const auto trial = [&]() -> Result<json> {
        const auto asked = plan_of(request, plan);
        if (!asked) {
            return tl::unexpected(asked.error());
        }
        return rig.run(request.at("system").get<std::string>(), *asked);
    };
    const Result<json> row = request.value("open_flows", false) ? rig.open_flows() : trial();
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
