#include "perf/summaries/choice_rows.h"

#include "dataplane/base/check.h"
#include "perf/summaries/timing.h"
#include "tools/replay/clairvoyant.h"
#include "tools/replay/report.h"
#include "tools/replay/rival_rules.h"

namespace izar {
namespace {

using Json = nlohmann::json;

std::vector<const RttMatrix*> series_of(const std::vector<NamedMatrix>& slices) {
    std::vector<const RttMatrix*> series;
    for (const auto& slice : slices)
        series.push_back(&slice.matrix);
    return series;
}

Json course_row(std::string_view rule, std::string_view parameter, double value, const CourseFigures& figures) {
    return {{"suite", "choice"},
            {"matrix", "seattle"},
            {"rule", rule},
            {parameter, value},
            {"chosen_over_oracle", figures.over_oracle},
            {"switched_ratio", figures.switched}};
}

}  // namespace

nlohmann::json choice_row(std::string_view matrix, const std::vector<NamedMatrix>& slices, int margin_ms,
                          double relative) {
    ReplayOptions options;
    options.policy.rule = CostRule::rtt;
    options.policy.margins = {std::chrono::milliseconds(margin_ms), relative};
    const auto report = replay(slices, options, thread_time);
    CHECK(report.has_value());
    const auto figures = series_figures(*report);
    return {{"suite", "choice"},
            {"matrix", matrix},
            {"nodes", report->nodes},
            {"margin_ms", margin_ms},
            {"margin_ratio", relative},
            {"direct_ms", figures.direct_ms},
            {"oracle_ms", figures.oracle_ms},
            {"chosen_ms", figures.chosen_ms},
            {"summarized_ms", figures.summarized_ms},
            {"chosen_over_oracle", figures.over_oracle},
            {"summarized_over_oracle", figures.summarized_over_oracle},
            {"switched_ratio", figures.switched},
            {"summarized_switched_ratio", figures.summary_switched}};
}

void add_rule_rows(nlohmann::json& rows, const std::vector<NamedMatrix>& slices) {
    const auto series = series_of(slices);
    for (const float switch_cost_ms : {20.0F, 80.0F, 200.0F, 400.0F})
        rows.push_back(course_row("clairvoyant", "switch_cost_ms", static_cast<double>(switch_cost_ms),
                                  cheapest_courses(series, switch_cost_ms)));
    for (const std::size_t foresight : {1, 2, 3, 5})
        for (const float switch_cost_ms : {100.0F, 250.0F, 350.0F}) {
            rows.push_back(course_row("foresight", "switch_cost_ms", static_cast<double>(switch_cost_ms),
                                      cheapest_courses(series, switch_cost_ms, foresight)));
            rows.back()["foresight_slices"] = foresight;
        }
    const auto add = [&](std::string_view rule, std::string_view parameter, double value, const SwitchRule& how) {
        rows.push_back(course_row(rule, parameter, value, follow_rule(series, how)));
    };
    for (const int ms : {60, 90})
        add("margin", "margin_ms", ms, margin_rule(ms));
    for (const int ms : {60, 70, 80})
        add("charge of 10 ms a link", "margin_ms", ms, charge_rule(ms, 10));
    for (const int ms : {100, 200, 300, 400})
        add("accumulated regret", "regret_ms_slices", ms, regret_rule(ms));
    for (const double errors : {0.5, 1.0, 2.0, 3.0})
        add("noise", "standard_errors", errors, noise_rule(errors));
    for (const double gain : {0.5, 0.8})
        add("smoothed", "gain", gain, smooth_rule(static_cast<float>(gain)));
    for (const int ms : {20, 30, 40})
        add("fresh", "charge_ms", ms, fresh_rule(static_cast<float>(ms)));
}

}  // namespace izar
