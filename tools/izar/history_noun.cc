// `izar history NODE [NODE]`: a series of a link or a node as a controller recorded it, and where it is going.
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <memory>
#include <string>

#include "dataplane/config/duration.h"
#include "tools/izar/controller_client.h"
#include "tools/izar/noun.h"

namespace izar {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kBarWidth = 40;

// UTC, as the store's times are.
std::string time_text(std::int64_t seconds) {
    const std::time_t time = seconds;
    std::tm parts{};
    gmtime_r(&time, &parts);
    char out[32];
    std::strftime(out, sizeof out, "%Y-%m-%d %H:%M:%S", &parts);
    return out;
}

// The bar's length is the mean's share of the greatest value shown.
void print_points(const Json& points) {
    double greatest = 0;
    for (const Json& point : points) {
        greatest = std::max(greatest, point.value("greatest", 0.0));
    }
    fmt::print("{:<21}{:>12}{:>12}{:>12}\n", "start (UTC)", "mean", "least", "greatest");
    for (const Json& point : points) {
        const double mean = point.value("mean", 0.0);
        const double share = greatest > 0 ? std::clamp(mean / greatest, 0.0, 1.0) : 0;
        fmt::print("{:<21}{:>12.4g}{:>12.4g}{:>12.4g}  {}\n", time_text(point.value("start_s", std::int64_t{0})), mean,
                   point.value("least", 0.0), point.value("greatest", 0.0),
                   std::string(static_cast<std::size_t>(share * kBarWidth), '#'));
    }
}

void print_history(const Json& answer) {
    const Json points = answer.value("points", Json::array());
    const std::string metric = answer.value("metric", "");
    if (points.empty()) {
        fmt::print("nothing is recorded of {} in this time\n", metric);
        return;
    }
    print_points(points);
    const Json trend = answer.value("trend", Json());
    if (trend.is_object()) {
        fmt::print(
            "{}: mean {:.4g}, {:+.4g} an hour (the line explains {:.0f} % of the variation), lately {:.2f} times\n",
            metric, trend.value("mean", 0.0), trend.value("per_hour", 0.0), 100 * trend.value("fit", 0.0),
            trend.value("recent_ratio", 1.0));
    }
}

}  // namespace

void add_history_noun(CLI::App& app, Action& run) {
    auto target = std::make_shared<ControllerTarget>();
    auto request = std::make_shared<Json>(Json{{"do", "history"}});
    CLI::App* noun = app.add_subcommand("history", "Series and trend of a link (two nodes) or a node (one)");
    add_controller_target(*noun, target);
    const auto add_text = [&](const std::string& option, const std::string& key, const std::string& help) {
        return noun->add_option_function<std::string>(
            option, [request, key](const std::string& text) { (*request)[key] = text; }, help);
    };
    add_text("from", "from", "Id or name of a node")->required();
    add_text("to", "to", "The link's far end");
    add_text(
        "--metric", "metric",
        "rtt_ms, loss_ratio, bandwidth_bps, stamp_rtt_ms, stamp_loss_ratio (of a link); cpu_percent, bandwidth_bps, "
        "client_rtt_ms, origin_rtt_ms (of a node)");
    noun->add_option_function<std::string>(
        "--last",
        [request](const std::string& text) {
            const auto last = parse_duration(text);
            if (!last || *last < std::chrono::hours{1}) {
                throw CLI::ValidationError("--last", last ? "at least 1h" : last.error().text);
            }
            (*request)["last_hours"] = std::chrono::duration_cast<std::chrono::hours>(*last).count();
        },
        "How far back: 24h");
    noun->add_option_function<unsigned>(
        "--points", [request](unsigned points) { (*request)["points"] = points; }, "At most this many rows");
    noun->callback([=, &run] { run = [=] { return ask_controller(*target, *request, print_history); }; });
}

}  // namespace izar
