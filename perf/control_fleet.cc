// control_fleet -- A real izar-controller under a fleet of simulated agents: TLS connections of one process on
// loopback.
//
//   control_fleet --controller PATH --agents 1000 --regions 10 --seconds 60     one JSON row on standard output
//
// Each agent says hello, sends its row of links every 5 s, and acknowledges summaries as izar-agent does. Nodes lie in
// regions on a plane, links' RTTs jitter by up to 2 %. Meanwhile one agent after the other reports a link down and up
// again; an event's latency ends with the last of the other agents that has it.
#include <control.pb.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "ctrl/channel/channel.h"
#include "ctrl/frames/messages.h"
#include "ctrl/store/store.h"
#include "ctrl/store/token.h"
#include "dataplane/base/random.h"
#include "dataplane/base/testing/temporary_folder.h"
#include "sched/summary/exchange.h"
#include "tools/controller/controller_state.h"
#include "tools/program/event_program.h"

namespace izar {
namespace {

using Json = nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Nanos kRowInterval = seconds{5};
constexpr Nanos kEventInterval = milliseconds{500};
constexpr Nanos kPatience = seconds{120};  // for all to be connected

struct Options {
    std::string controller;
    std::size_t agents = 1'000;
    std::size_t regions = 10;
    int seconds = 60;
    std::uint64_t seed = 1;
};

WallTime wall_now() {
    return std::chrono::floor<milliseconds>(std::chrono::system_clock::now());
}

struct Place {
    double x = 0;
    double y = 0;
};

class Fleet;

struct SimulatedAgent : ChannelEvents {
    SimulatedAgent(Fleet& all, std::size_t at, NodeId id, TlsContext context)
        : fleet(all), index(at), node(id), tls(std::move(context)) {}
    void on_open() override;
    bool on_message(std::span<const std::uint8_t> payload) override;
    void on_end(const std::string& why) override;
    void send(const control::ToController& message) { channel->send(message_frame(message)); }

    Fleet& fleet;
    std::size_t index;
    NodeId node;
    TlsContext tls;
    std::unique_ptr<Channel> channel;
    bool open = false;
    std::uint64_t received = 0;  // bytes of messages
    std::uint64_t static_version = 0;
};

class Fleet {
  public:
    Fleet(EventLoop& loop, const Options& options)
        : loop_(loop), options_(options), random_(options.seed), row_timer_(loop), event_timer_(loop) {}

    void add(NodeId id, TlsContext tls) {
        const double region = static_cast<double>(agents_.size() % options_.regions) * 10;
        places_.push_back({region + unit() * 2, unit() * 30});
        agents_.push_back(std::make_unique<SimulatedAgent>(*this, agents_.size(), id, std::move(tls)));
    }
    void connect(const SocketAddress& controller) {
        for (const auto& agent : agents_) {
            agent->channel = std::make_unique<Channel>(loop_, agent->tls, std::chrono::floor<seconds>(wall_now()),
                                                       static_cast<ChannelEvents&>(*agent));
            if (auto begun = agent->channel->connect(controller); !begun) {
                failure = begun.error().text;
            }
        }
    }
    // A part of the fleet at a time, each agent every kRowInterval.
    void start_rows() {
        send_row(*agents_[next_row_]);
        next_row_ = (next_row_ + 1) % agents_.size();
        row_timer_.start(kRowInterval / static_cast<std::int64_t>(agents_.size()), [this] { start_rows(); });
    }
    void start_events() {
        waiting_.reset();
        const std::size_t from = random_.below(agents_.size());
        const std::size_t to = (from + 1 + random_.below(agents_.size() - 1)) % agents_.size();
        tell_event(from, to, false);
        waiting_ = Waiting{agents_[from]->node, agents_[to]->node, loop_.now(), agents_.size() - 1};
        event_timer_.start(kEventInterval, [this, from, to] {
            events_lost_ += waiting_ && waiting_->left > 0 ? 1 : 0;
            tell_event(from, to, true);
            start_events();
        });
    }
    void on_event(const control::LinkEvent& event) {
        if (waiting_ && !event.item().reachable() && event.from() == raw(waiting_->from) &&
            event.item().to() == raw(waiting_->to) && --waiting_->left == 0) {
            latencies_.push_back(std::chrono::duration<double, std::milli>(loop_.now() - waiting_->begun).count());
        }
    }
    // All that hold the same get the same bytes: they are decoded once.
    std::optional<std::uint32_t> generation_of(const std::string& summary) {
        if (summary != last_summary_) {
            last_summary_ = summary;
            const auto taken =
                receiver_.receive({reinterpret_cast<const std::uint8_t*>(summary.data()), summary.size()});
            last_generation_ = taken ? std::optional(*taken) : std::nullopt;
        }
        return last_generation_;
    }
    bool all_open() const {
        return std::ranges::all_of(agents_, [](const auto& agent) { return agent->open; });
    }
    std::uint64_t received() const {
        std::uint64_t out = 0;
        for (const auto& agent : agents_) {
            out += agent->received;
        }
        return out;
    }
    void forget_events() {
        latencies_.clear();
        events_lost_ = 0;
    }
    const std::vector<double>& latencies() const { return latencies_; }
    std::size_t events_lost() const { return events_lost_; }

    std::string failure;

  private:
    struct Waiting {
        NodeId from;
        NodeId to;
        Instant begun;
        std::size_t left;
    };
    double unit() { return static_cast<double>(random_.below(1'000'000)) / 1e6; }
    control::LinkItem item(std::size_t from, std::size_t to) {
        const Place& a = places_[from];
        const Place& b = places_[to];
        const double rtt_ms = 1 + std::hypot(a.x - b.x, a.y - b.y) * (1 + 0.02 * unit());
        control::LinkItem out;
        out.set_to(raw(agents_[to]->node));
        out.set_reachable(true);
        out.set_rtt_us(static_cast<std::uint32_t>(rtt_ms * 1'000));
        out.set_variation_us(100);
        out.set_count(100);
        return out;
    }
    void send_row(SimulatedAgent& agent) {
        if (!agent.open) {
            return;
        }
        control::ToController message;
        for (std::size_t to = 0; to < agents_.size(); ++to) {
            if (to != agent.index) {
                *message.mutable_link_row()->add_items() = item(agent.index, to);
            }
        }
        agent.channel->send_newest(Newest::link_row, message_frame(message));
    }
    void tell_event(std::size_t from, std::size_t to, bool reachable) {
        control::ToController message;
        message.mutable_link_event()->set_from(raw(agents_[from]->node));
        *message.mutable_link_event()->mutable_item() = item(from, to);
        message.mutable_link_event()->mutable_item()->set_reachable(reachable);
        agents_[from]->send(message);
    }

    EventLoop& loop_;
    const Options& options_;
    Random random_;
    std::vector<Place> places_;
    std::vector<std::unique_ptr<SimulatedAgent>> agents_;
    std::size_t next_row_ = 0;
    std::optional<Waiting> waiting_;
    std::vector<double> latencies_;
    std::size_t events_lost_ = 0;
    SummaryReceiver receiver_;
    std::string last_summary_;
    std::optional<std::uint32_t> last_generation_;
    Timer row_timer_;
    Timer event_timer_;
};

void SimulatedAgent::on_open() {
    open = true;
    control::ToController hello;
    hello.mutable_hello()->set_boot(index + 1);
    hello.mutable_hello()->set_software("control_fleet");
    send(hello);
}

bool SimulatedAgent::on_message(std::span<const std::uint8_t> payload) {
    received += payload.size();
    const auto message = read_message<control::ToAgent>(payload);
    if (!message || message->has_refused()) {
        fleet.failure = message ? message->refused().why() : "a message that is none";
        return false;
    }
    control::ToController answer;
    if (message->has_static_update()) {
        static_version = message->static_update().version();
        answer.mutable_static_taken()->set_version(static_version);
        send(answer);
    } else if (message->has_mesh_update()) {
        const auto generation = fleet.generation_of(message->mesh_update().summary());
        answer.mutable_mesh_taken()->set_generation(generation.value_or(0));
        answer.mutable_mesh_taken()->set_whole_wanted(!generation);
        send(answer);
    } else if (message->has_link_event()) {
        fleet.on_event(message->link_event());
    }
    return true;
}

void SimulatedAgent::on_end(const std::string& why) {
    open = false;
    fleet.failure = fmt::format("agent {} was cut off: {}", raw(node), why);
}

// The controller's state with all nodes joined, as if they had come one by one.
Result<void> make_fleet(Fleet& fleet, const Options& options, const std::string& folder) {
    const auto today = std::chrono::floor<seconds>(wall_now());
    const auto fill = [&](std::span<std::uint8_t> bytes) { std::fill(bytes.begin(), bytes.end(), std::uint8_t{7}); };
    const auto state = open_controller_state(folder, today, fill);
    auto store = open_sqlite_store(folder + "/izar.db", {});
    if (!state || !store) {
        return tl::unexpected(state ? store.error() : state.error());
    }
    TokenRandom random{};
    const std::string token = new_token(random);
    const auto uses = static_cast<std::uint32_t>(options.agents);
    if (const auto made = (*store)->create_token(token, {"perf", std::chrono::hours{1}, uses}, wall_now()); !made) {
        return fail(made.error().text);
    }
    for (std::size_t i = 0; i < options.agents; ++i) {
        const auto request = make_request();
        const auto address = *IpAddress::parse(fmt::format("10.{}.{}.1", i / 250, i % 250));
        const auto record =
            (*store)->join({token, fmt::format("n{}", i), address, *request_key(request->request)}, wall_now());
        if (!record) {
            return fail(record.error().text);
        }
        const auto certificate = state->authority.sign_node(request->request, record->id, today);
        auto tls = TlsContext::for_node({*certificate, request->key}, state->authority.certificate());
        if (!tls) {
            return tl::unexpected(tls.error());
        }
        fleet.add(record->id, *std::move(tls));
    }
    return {};
}

// izar-controller as a child that ends with us.
pid_t start_controller(const Options& options, const std::string& folder, std::uint16_t port) {
    const std::string config = folder + "/scheduling-config.yaml";
    std::ofstream(config) << fmt::format("listen: 127.0.0.1:{}\napi: none\noperator_socket: {}/sock\nstate: {}\n", port,
                                         folder, folder);
    const pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        const int log = open((folder + "/log").c_str(), O_WRONLY | O_CREAT, 0600);
        dup2(log, STDOUT_FILENO);
        execl(options.controller.c_str(), options.controller.c_str(), "--config", config.c_str(), nullptr);
        _exit(127);
    }
    return child;
}

double cpu_seconds(pid_t process) {
    std::ifstream file(fmt::format("/proc/{}/stat", process));
    std::string text((std::istreambuf_iterator<char>(file)), {});
    std::istringstream fields(text.substr(text.rfind(')') + 1));
    std::string skipped;
    for (int i = 0; i < 11; ++i) {
        fields >> skipped;
    }
    double user = 0;
    double system = 0;
    fields >> user >> system;
    return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double peak_mib(pid_t process) {
    std::ifstream file(fmt::format("/proc/{}/status", process));
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("VmHWM:")) {
            return std::strtod(line.c_str() + 6, nullptr) / 1024;
        }
    }
    return 0;
}

Json percentile(std::vector<double> values, double share) {
    if (values.empty()) {
        return nullptr;
    }
    std::ranges::sort(values);
    return values[std::min(values.size() - 1, static_cast<std::size_t>(share * static_cast<double>(values.size())))];
}

void run_for(EventLoop& loop, Nanos span, const std::function<bool()>& done = nullptr) {
    const Instant end = loop.now() + span;
    while (loop.now() < end && (done == nullptr || !done())) {
        loop.run_once(milliseconds{1});
    }
}

Result<Json> measure(const Options& options, const std::string& folder) {
    auto loop = EventLoop::make(monotonic_now, UringSize{.entries = 1'024, .buffers = 128, .buffer_bytes = 16'384});
    if (!loop) {
        return tl::unexpected(loop.error());
    }
    Fleet fleet(**loop, options);
    if (auto made = make_fleet(fleet, options, folder); !made) {
        return tl::unexpected(made.error());
    }
    // A port that was free a moment ago.
    const std::uint16_t port = local_address(listen_tcp({*IpAddress::parse("127.0.0.1"), 0}).value().get()).port;
    const pid_t controller = start_controller(options, folder, port);
    run_for(**loop, kPatience, [&] { return std::filesystem::exists(folder + "/sock"); });
    run_for(**loop, milliseconds{200});
    const Instant begun = (*loop)->now();
    fleet.connect({*IpAddress::parse("127.0.0.1"), port});
    run_for(**loop, kPatience, [&] { return fleet.all_open() || !fleet.failure.empty(); });
    const double connect_s = std::chrono::duration<double>((*loop)->now() - begun).count();
    fleet.start_rows();
    run_for(**loop, 3 * kRowInterval);
    fleet.start_events();
    run_for(**loop, kRowInterval);
    fleet.forget_events();
    const double cpu = cpu_seconds(controller);
    const std::uint64_t received = fleet.received();
    const Instant start = (*loop)->now();
    run_for(**loop, seconds{options.seconds}, [&] { return !fleet.failure.empty(); });
    const double span = std::chrono::duration<double>((*loop)->now() - start).count();
    const double nodes = static_cast<double>(options.agents);
    Json row{{"agents", options.agents},
             {"regions", options.regions},
             {"seconds", span},
             {"connect_s", connect_s},
             {"controller_cpu_percent", 100 * (cpu_seconds(controller) - cpu) / span},
             {"controller_peak_mib", peak_mib(controller)},
             {"bytes_per_node_s", static_cast<double>(fleet.received() - received) / nodes / span},
             {"raw_bytes_per_node_s", 2 * nodes * (nodes - 1) / 5},
             {"events", fleet.latencies().size()},
             {"events_late", fleet.events_lost()},
             {"event_p50_ms", percentile(fleet.latencies(), 0.5)},
             {"event_p99_ms", percentile(fleet.latencies(), 0.99)}};
    kill(controller, SIGTERM);
    waitpid(controller, nullptr, 0);
    if (!fleet.failure.empty()) {
        return fail(fleet.failure + "; " + row.dump());
    }
    return row;
}

}  // namespace
}  // namespace izar

int main(int argc, char** argv) {
    CLI::App app{"A real izar-controller under simulated agents.", "control_fleet"};
    izar::Options options;
    app.add_option("--controller", options.controller, "izar-controller to run")->required();
    app.add_option("--agents", options.agents)->check(CLI::Range(2, 1'000))->capture_default_str();
    app.add_option("--regions", options.regions)->check(CLI::Range(1, 1'000))->capture_default_str();
    app.add_option("--seconds", options.seconds)->check(CLI::Range(1, 3'600))->capture_default_str();
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
