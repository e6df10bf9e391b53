// control_fleet -- A real izar-controller under a fleet of simulated agents: TLS connections of one process on
// loopback.
//
//   control_fleet --controller PATH --agent PATH --agents 1000 --regions 10 --seconds 60     one JSON row
//
// First one agent after the other reports a link down and up again; an event's latency ends with the last of the other
// agents that has it. The simulated agents are one thread beside the controller, which decrypts for all of them; so
// "told" ends with the agent that the controller tells last, which has a thread of its own. Then an operator changes a
// service's origin again and again; a change's latency begins with the operator's request, includes the store's write
// to disk, and ends with the last agent that has it. With --agent, one node has the real program and an izar-edge's end
// of its ring: what an agent costs in a fleet of that size.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "dataplane/base/testing/temporary_folder.h"
#include "perf/control/last_agent.h"
#include "perf/control/latencies.h"
#include "perf/control/real_agent.h"
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
        const Json request{{"do", "service put"}, {"name", "web"},
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

// A port that was free a moment ago.
SocketAddress free_address() {
    const FileDescriptor listener = listen_tcp({*IpAddress::parse("127.0.0.1"), 0}).value();
    return local_address(listener.get());
}

// A controller and its fleet, for one measurement.
class Bench {
  public:
    Bench(EventLoop& loop, const FleetOptions& options, const std::string& folder, const std::vector<Identity>& nodes)
        : loop_(loop),
          options_(options),
          nodes_(nodes),
          fleet_(loop, options, wall_seconds),
          controller_(options.controller, folder, address_.port) {
        // The last node has a thread of its own, and the first a real agent, if any has.
        for (std::size_t i = options.agent.empty() ? 0 : 1; i + 1 < nodes.size(); ++i) {
            fleet_.add(nodes[i].id, TlsContext::for_node(nodes[i].credentials, nodes[i].authority).value());
        }
    }

    Result<Json> run();

  private:
    void connect();
    void watch(Json& row);
    void change(Json& row);

    EventLoop& loop_;
    const FleetOptions& options_;
    const std::vector<Identity>& nodes_;
    SocketAddress address_ = free_address();
    TemporaryFolder agent_folder_;
    SimulatedFleet fleet_;
    RealController controller_;
    std::optional<LastAgent> last_;
    std::optional<RealAgent> agent_;
};

Result<Json> Bench::run() {
    Json row{{"agents", options_.agents},
             {"regions", options_.regions},
             {"rows", options_.summaries ? "summaries" : "items"}};
    run_for(loop_, kPatience, [&] { return std::filesystem::exists(controller_.operator_socket()); });
    run_for(loop_, milliseconds{200});
    const Instant begun = loop_.now();
    connect();
    row["connect_s"] = in_ms(loop_.now() - begun) / 1'000;
    fleet_.start_reports();
    run_for(loop_, 3 * SimulatedFleet::kRowInterval);
    fleet_.start_events();
    run_for(loop_, SimulatedFleet::kRowInterval);
    fleet_.forget_events();
    watch(row);
    fleet_.stop_events();
    run_for(loop_, SimulatedFleet::kEventInterval);
    change(row);
    row["controller_peak_mib"] = controller_.process().peak_mib();
    if (agent_) {
        row["agent_peak_mib"] = agent_->process().peak_mib();
        row["agent_own_mib"] = agent_->process().own_mib();
        row["agent_links_fed"] = agent_->links_fed();
    }
    if (!fleet_.failure.empty()) {
        return fail(fleet_.failure + "; " + row.dump());
    }
    return row;
}

void Bench::connect() {
    if (!options_.agent.empty()) {
        agent_.emplace(options_.agent, agent_folder_.path(), nodes_.front(), address_);
    }
    fleet_.connect(address_);
    last_.emplace(options_, nodes_.back(), address_, wall_seconds);
    fleet_.heard_at = [&] { return last_->heard_at(); };
    run_for(loop_, kPatience, [&] { return (fleet_.all_open() && last_->open()) || !fleet_.failure.empty(); });
}

void Bench::watch(Json& row) {
    const double cpu = controller_.process().cpu_seconds();
    const double agent_cpu = agent_ ? agent_->process().cpu_seconds() : 0;
    const std::uint64_t received = fleet_.received();
    const RowsTold rows = fleet_.rows_told();
    const Instant start = loop_.now();
    run_for(loop_, seconds{options_.seconds}, [&] { return !fleet_.failure.empty(); });
    const double span = in_ms(loop_.now() - start) / 1'000;
    const double nodes = static_cast<double>(options_.agents);
    const RowsTold told = fleet_.rows_told() - rows;
    row["seconds"] = span;
    row["controller_cpu_percent"] = 100 * (controller_.process().cpu_seconds() - cpu) / span;
    row["bytes_per_node_s"] = static_cast<double>(fleet_.received() - received) / nodes / span;
    row["raw_bytes_per_node_s"] = 2 * nodes * (nodes - 1) / 5;
    row["row_bytes_per_node_s"] = static_cast<double>(told.bytes) / nodes / span;
    row["row_interval_s"] = static_cast<double>(fleet_.size()) * span / static_cast<double>(told.rows);
    row["row_summaries_percent"] = 100 * static_cast<double>(told.summaries) / static_cast<double>(told.rows);
    row["events"] = fleet_.event_latencies().size();
    row["events_late"] = fleet_.events_lost();
    row["event_p50_ms"] = percentile(fleet_.event_latencies(), 0.5);
    row["event_p99_ms"] = percentile(fleet_.event_latencies(), 0.99);
    row["told_p50_ms"] = percentile(fleet_.told_latencies(), 0.5);
    row["told_p99_ms"] = percentile(fleet_.told_latencies(), 0.99);
    if (agent_) {
        row["agent_cpu_percent"] = 100 * (agent_->process().cpu_seconds() - agent_cpu) / span;
    }
}

void Bench::change(Json& row) {
    const auto changes = change_services(loop_, fleet_, controller_, options_.changes);
    row["changes"] = changes.size();
    row["change_p50_ms"] = percentile(changes, 0.5);
    row["change_p99_ms"] = percentile(changes, 0.99);
}

Result<Json> measure(const FleetOptions& options, const std::string& folder) {
    auto loop = EventLoop::make(monotonic_now, UringSize{.entries = 1'024, .buffers = 128, .buffer_bytes = 16'384});
    if (!loop) {
        return tl::unexpected(loop.error());
    }
    const auto nodes = make_fleet(options, folder, wall_now());
    if (!nodes) {
        return tl::unexpected(nodes.error());
    }
    return Bench(**loop, options, folder, *nodes).run();
}

}  // namespace
}  // namespace izar

int main(int argc, char** argv) {
    CLI::App app{"A real izar-controller under simulated agents.", "control_fleet"};
    izar::FleetOptions options;
    app.add_option("--controller", options.controller, "izar-controller to run")->required();
    app.add_option("--agent", options.agent, "izar-agent to run as one node");
    app.add_option("--agents", options.agents)->check(CLI::Range(4, 1'000))->capture_default_str();
    app.add_option("--regions", options.regions)->check(CLI::Range(1, 1'000))->capture_default_str();
    app.add_option("--seconds", options.seconds)->check(CLI::Range(1, 3'600))->capture_default_str();
    app.add_option("--changes", options.changes, "of static data")->check(CLI::Range(0, 10'000))->capture_default_str();
    app.add_flag("!--items", options.summaries, "agents tell rows as items only, as older ones do");
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
