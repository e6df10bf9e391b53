// control_fleet -- A real izar-controller under a fleet of simulated agents: TLS connections of one process on
// loopback.
//
//   control_fleet --controller PATH --agents 1000 --regions 10 --seconds 60     one JSON row on standard output
//
// First one agent after the other reports a link down and up again; an event's latency ends with the last of the other
// agents that has it. The simulated agents are one thread beside the controller, which decrypts for all of them; so
// "told" ends with the agent that the controller tells last, which has a thread of its own. Then an operator changes a
// service's origin again and again; a change's latency begins with the operator's request, includes the store's write
// to disk, and ends with the last agent that has it.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "dataplane/base/testing/temporary_folder.h"
#include "perf/control/last_agent.h"
#include "perf/control/latencies.h"
#include "perf/control/real_controller.h"
#include "perf/control/simulated_fleet.h"
#include "tools/izar/control_client.h"
#include "tools/program/event_program.h"

namespace izar {
namespace {

using Json = nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Nanos kPatience = seconds{120};          // for all to be connected, or to be told
constexpr Nanos kChangePause = milliseconds{200};  // between two changes of static data

WallTime wall_now() {
    return std::chrono::floor<milliseconds>(std::chrono::system_clock::now());
}

WallSeconds wall_seconds() {
    return std::chrono::floor<seconds>(wall_now());
}

double in_ms(Nanos span) {
    return std::chrono::duration<double, std::milli>(span).count();
}

void run_for(EventLoop& loop, Nanos span, const std::function<bool()>& done = nullptr) {
    const Instant end = loop.now() + span;
    while (loop.now() < end && (done == nullptr || !done())) {
        loop.run_once(milliseconds{1});
    }
}

// Latencies of changes of a service, in ms.
std::vector<double> change_services(EventLoop& loop, SimulatedFleet& fleet, const RealController& controller,
                                    int changes) {
    std::vector<double> out;
    for (int i = 0; i <= changes && fleet.failure.empty(); ++i) {
        const Json request{{"do", "service set"}, {"name", "web"},
                           {"vip", "10.99.0.80"}, {"first_port", 80},
                           {"last_port", 80},     {"origins", {{{"address", "10.98.0.1"}, {"port", 1'000 + i}}}}};
        fleet.expect_static();
        const Instant begun = loop.now();
        const auto answer = ask_node(controller.operator_socket(), request.dump(), kPatience);
        if (!answer || !answer->ok) {
            fleet.failure = answer ? answer->text : answer.error().text;
            return out;
        }
        run_for(loop, kPatience, [&] { return fleet.all_have_static() || !fleet.failure.empty(); });
        if (i > 0) {  // the first makes the service
            out.push_back(in_ms(loop.now() - begun));
        }
        run_for(loop, kChangePause);
    }
    return out;
}

Result<Json> measure(const FleetOptions& options, const std::string& folder) {
    auto loop = EventLoop::make(monotonic_now, UringSize{.entries = 1'024, .buffers = 128, .buffer_bytes = 16'384});
    if (!loop) {
        return tl::unexpected(loop.error());
    }
    SimulatedFleet fleet(**loop, options, wall_seconds);
    std::optional<std::pair<NodeId, TlsContext>> newest;
    const auto add = [&](NodeId node, TlsContext tls) {
        if (newest) {
            fleet.add(newest->first, std::move(newest->second));
        }
        newest.emplace(node, std::move(tls));
    };
    if (auto made = make_fleet(options, folder, wall_now(), add); !made) {
        return tl::unexpected(made.error());
    }
    // A port that was free a moment ago.
    const std::uint16_t port = local_address(listen_tcp({*IpAddress::parse("127.0.0.1"), 0}).value().get()).port;
    const RealController controller(options.controller, folder, port);
    run_for(**loop, kPatience, [&] { return std::filesystem::exists(controller.operator_socket()); });
    run_for(**loop, milliseconds{200});
    const Instant begun = (*loop)->now();
    const SocketAddress address{*IpAddress::parse("127.0.0.1"), port};
    fleet.connect(address);
    const LastAgent last(options, newest->first, std::move(newest->second), address, wall_seconds);
    fleet.heard_at = [&] { return last.heard_at(); };
    run_for(**loop, kPatience, [&] { return (fleet.all_open() && last.open()) || !fleet.failure.empty(); });
    const double connect_s = in_ms((*loop)->now() - begun) / 1'000;
    fleet.start_reports();
    run_for(**loop, 3 * SimulatedFleet::kRowInterval);
    fleet.start_events();
    run_for(**loop, SimulatedFleet::kRowInterval);
    fleet.forget_events();
    const double cpu = controller.cpu_seconds();
    const std::uint64_t received = fleet.received();
    const Instant start = (*loop)->now();
    run_for(**loop, seconds{options.seconds}, [&] { return !fleet.failure.empty(); });
    const double span = in_ms((*loop)->now() - start) / 1'000;
    const double nodes = static_cast<double>(options.agents);
    Json row{{"agents", options.agents},
             {"regions", options.regions},
             {"seconds", span},
             {"connect_s", connect_s},
             {"controller_cpu_percent", 100 * (controller.cpu_seconds() - cpu) / span},
             {"bytes_per_node_s", static_cast<double>(fleet.received() - received) / nodes / span},
             {"raw_bytes_per_node_s", 2 * nodes * (nodes - 1) / 5},
             {"events", fleet.event_latencies().size()},
             {"events_late", fleet.events_lost()},
             {"event_p50_ms", percentile(fleet.event_latencies(), 0.5)},
             {"event_p99_ms", percentile(fleet.event_latencies(), 0.99)},
             {"told_p50_ms", percentile(fleet.told_latencies(), 0.5)},
             {"told_p99_ms", percentile(fleet.told_latencies(), 0.99)}};
    fleet.stop_events();
    run_for(**loop, SimulatedFleet::kEventInterval);
    const auto changes = change_services(**loop, fleet, controller, options.changes);
    row["changes"] = changes.size();
    row["change_p50_ms"] = percentile(changes, 0.5);
    row["change_p99_ms"] = percentile(changes, 0.99);
    row["controller_peak_mib"] = controller.peak_mib();
    if (!fleet.failure.empty()) {
        return fail(fleet.failure + "; " + row.dump());
    }
    return row;
}

}  // namespace
}  // namespace izar

int main(int argc, char** argv) {
    CLI::App app{"A real izar-controller under simulated agents.", "control_fleet"};
    izar::FleetOptions options;
    app.add_option("--controller", options.controller, "izar-controller to run")->required();
    app.add_option("--agents", options.agents)->check(CLI::Range(3, 1'000))->capture_default_str();
    app.add_option("--regions", options.regions)->check(CLI::Range(1, 1'000))->capture_default_str();
    app.add_option("--seconds", options.seconds)->check(CLI::Range(1, 3'600))->capture_default_str();
    app.add_option("--changes", options.changes, "of static data")->check(CLI::Range(0, 10'000))->capture_default_str();
    app.add_option("--seed", options.seed)->capture_default_str();
    CLI11_PARSE(app, argc, argv);
    const izar::TemporaryFolder folder(izar::TemporaryFolder::on_disk());  // the controller's store waits for the disk
    const auto row = izar::measure(options, folder.path());
    if (!row) {
        fmt::print(stderr, "control_fleet: {}\n", row.error().text);
        return 1;
    }
    fmt::print("{}\n", row->dump());
    return 0;
}
