// agent_feed -- How long static data takes from a controller's socket to a published route table.
//
//   agent_feed --nodes 100 --services 10 --changes 200     one JSON row on standard output
//
// The agent and izar-edge's scheduler thread are the real ones, each in a thread of its own with the naps it has in its
// program, and meet in shared memory; the controller's end is a TLS connection on loopback. A latency begins before the
// update is encrypted and ends when the scheduler thread has published a table with it. Nothing else happens meanwhile.
#include <control.pb.h>
#include <fmt/format.h>
#include <openssl/rand.h>
#include <sys/prctl.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <nlohmann/json.hpp>
#include <thread>

#include "ctrl/agent/agent.h"
#include "ctrl/frames/messages.h"
#include "ctrl/ring/edge_feed.h"
#include "dataplane/base/testing/temporary_folder.h"
#include "dataplane/lcore/thread_class.h"
#include "perf/control/latencies.h"
#include "sched/scheduler.h"
#include "sched/scheduler_nap.h"
#include "tools/program/event_program.h"

namespace izar {
namespace {

using Json = nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Nanos kPatience = seconds{60};
constexpr Nanos kPause = milliseconds{50};  // between two changes

struct Options {
    std::size_t nodes = 100;
    std::size_t services = 10;
    std::size_t changes = 200;
};

WallSeconds today() {
    return std::chrono::floor<seconds>(std::chrono::system_clock::now());
}

std::uint64_t random_boot() {
    std::uint64_t out = 0;
    RAND_bytes(reinterpret_cast<unsigned char*>(&out), sizeof out);
    return out | 1;
}

// The scheduler thread of an izar-edge without lcores.
class SchedulerThread {
  public:
    explicit SchedulerThread(const std::string& folder) {
        auto own = std::make_shared<Fleet>();
        own->self = NodeSlot{0};
        own->nodes.resize(1);
        own->nodes[0].id = NodeId{1};
        own->slot_of_id[1] = NodeSlot{0};
        edge_ = std::make_unique<EdgeFeed>(RingEnd::open(shared_path(folder), RingSide::edge, random_boot()).value(),
                                           own, std::make_shared<const RoutingPolicies>());
        thread_ = std::thread([this] { run(); });
    }
    ~SchedulerThread() {
        stop_ = true;
        thread_.join();
    }
    // When a table with this version of the static data was published; none: not yet.
    std::optional<Instant> published(std::uint64_t version) const {
        return version_.load(std::memory_order_acquire) == version ? std::optional(at_.load()) : std::nullopt;
    }

  private:
    // As EdgeProcess::run_scheduler(), and looks at what lcores would see.
    void run() {
        (void)set_shared_core_class();  // without the privilege it runs as it is
        prctl(PR_SET_TIMERSLACK, 1);
        const OnSched thread = OnSched::claim();
        const OnLcore lcore = OnLcore::claim(LcoreIndex{0});
        publisher_.online(lcore);
        Nanos nap = kSchedulerNap;
        while (!stop_) {
            const bool fed = edge_->do_work(monotonic_now(), scheduler_.mesh(), feed_);
            const bool worked = scheduler_.do_work(thread, monotonic_now());
            publisher_.quiescent(lcore);
            if (publisher_.generation() > 0) {
                if (const std::uint64_t version = publisher_.read(lcore).fleet->version; version != version_) {
                    at_ = monotonic_now();
                    version_.store(version, std::memory_order_release);
                }
            }
            if (worked || fed) {
                nap = kSchedulerNap;
                continue;
            }
            std::this_thread::sleep_for(nap);
            nap = std::min(nap + kSchedulerNapStep, kLongestSchedulerNap);
        }
    }

    Publisher publisher_{1};
    LinkReportRing reports_;
    LinkReportRing* rings_[1] = {&reports_};
    FeedRing feed_;
    SchedulerView view_;
    Scheduler scheduler_{publisher_, rings_, feed_, view_, 1'500};
    std::unique_ptr<EdgeFeed> edge_;
    std::atomic<std::uint64_t> version_{0};
    std::atomic<Instant> at_{};
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

// An agent in a thread of its own, as its program runs it.
class AgentThread {
  public:
    AgentThread(Identity identity, const std::string& folder, const SocketAddress& controller)
        : thread_([this, identity = std::move(identity), folder, controller] { run(identity, folder, controller); }) {}
    ~AgentThread() {
        stop_ = true;
        thread_.join();
    }

  private:
    void run(const Identity& identity, const std::string& folder, const SocketAddress& controller) {
        const auto loop =
            EventLoop::make(monotonic_now, UringSize{.entries = 64, .buffers = 8, .buffer_bytes = 16'384}).value();
        auto tls = TlsContext::for_node(identity.credentials, identity.authority).value();
        const std::uint64_t boot = random_boot();
        const auto ring = RingEnd::open(shared_path(folder), RingSide::agent, boot).value();
        Agent agent(
            {*loop, tls, *ring, identity, folder, {controller}, boot, Random{boot}, today, [](const std::string&) {}});
        agent.start();
        while (!stop_) {
            loop->run_once(seconds{1});
        }
    }
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

// The controller's end of the agent's connection.
class ControllerEnd : private ChannelEvents {
  public:
    ControllerEnd(EventLoop& loop, const TlsContext& tls, FileDescriptor listener) {
        loop.accept(std::move(listener), [&](StreamId stream, const SocketAddress&) -> StreamEvents* {
            channel_ = std::make_unique<Channel>(loop, tls, today(), static_cast<ChannelEvents&>(*this));
            channel_->attach(stream);
            return channel_.get();
        });
    }
    void send(const control::StaticUpdate& update) {
        control::ToAgent message;
        *message.mutable_static_update() = update;
        channel_->send(message_frame(message));
    }
    bool ready() const noexcept { return ready_; }

  private:
    void on_open() override {}
    bool on_message(std::span<const std::uint8_t> payload) override {
        const auto message = read_message<control::ToController>(payload);
        ready_ |= message && message->has_hello();
        return true;
    }
    void on_end(const std::string&) override { ready_ = false; }

    std::unique_ptr<Channel> channel_;
    bool ready_ = false;
};

StaticData fleet_of(const Options& options) {
    StaticData out;
    for (std::size_t i = 1; i <= options.nodes; ++i) {
        FleetNode node{.id = NodeId{static_cast<std::uint16_t>(i)},
                       .overlay_address = *IpAddress::parse(fmt::format("10.0.{}.{}", i / 200, 1 + i % 200))};
        fmt::format_to_n(node.name, kNameLength - 1, "n{}", i);
        fmt::format_to_n(node.region, kNameLength - 1, "eu");
        out.nodes.emplace(node.id, node);
        if (i > 1) {
            out.secrets[node.id] = {};
        }
    }
    for (std::size_t i = 1; i <= options.services; ++i) {
        Service service;
        service.id = ServiceId{static_cast<std::uint32_t>(i)};
        fmt::format_to_n(service.name, kNameLength - 1, "s{}", i);
        service.vip = *IpAddress::parse(fmt::format("10.99.0.{}", i));
        service.first_port = service.last_port = 80;
        service.egresses = {{NodeId{1}, 1}, {NodeId{2}, 1}};
        service.origins = {{*IpAddress::parse("10.98.0.1"), 8'080, 1}};
        out.services.emplace(service.id, service);
    }
    return out;
}

template <typename Condition>
bool run_until(EventLoop& loop, Condition condition) {
    const Instant end = loop.now() + kPatience;
    while (!condition() && loop.now() < end) {
        loop.run_once(milliseconds{1});
    }
    return condition();
}

Result<Json> measure(const Options& options) {
    const TemporaryFolder folder;
    const auto authority = CertificateAuthority::make(today()).value();
    const auto tls =
        TlsContext::for_controller(authority.make_controller(today()).value(), authority.certificate()).value();
    const auto request = make_request().value();
    const Identity identity{NodeId{1},
                            "n1",
                            "eu",
                            {authority.sign_node(request.request, NodeId{1}, today()).value(), request.key},
                            authority.certificate()};
    const auto loop = EventLoop::make(monotonic_now).value();
    auto listener = listen_tcp({*IpAddress::parse("127.0.0.1"), 0}).value();
    const SocketAddress address = local_address(listener.get());
    ControllerEnd controller(*loop, tls, std::move(listener));
    const SchedulerThread edge(folder.path());
    const AgentThread agent(identity, folder.path(), address);
    if (!run_until(*loop, [&] { return controller.ready(); })) {
        return fail("the agent did not come");
    }
    StaticData data = fleet_of(options);
    data.version = 1;
    controller.send(whole_update(data));
    std::vector<double> latencies;
    for (std::size_t change = 0; change <= options.changes; ++change) {
        if (!run_until(*loop, [&] { return edge.published(data.version).has_value(); })) {
            return fail(fmt::format("static data {} did not arrive", data.version));
        }
        const Instant rested = loop->now() + kPause;
        run_until(*loop, [&] { return loop->now() >= rested; });
        StaticData next = data;
        ++next.version;
        next.services.begin()->second.origins[0].port = static_cast<std::uint16_t>(1'000 + change);
        const Instant begun = loop->now();
        controller.send(update_between(data, next));
        data = std::move(next);
        if (!run_until(*loop, [&] { return edge.published(data.version).has_value(); })) {
            return fail(fmt::format("static data {} did not arrive", data.version));
        }
        latencies.push_back(std::chrono::duration<double, std::milli>(*edge.published(data.version) - begun).count());
    }
    return Json{{"agents", options.nodes},
                {"changes", latencies.size()},
                {"feed_p50_ms", percentile(latencies, 0.5)},
                {"feed_p99_ms", percentile(latencies, 0.99)}};
}

}  // namespace
}  // namespace izar

int main(int argc, char** argv) {
    CLI::App app{"From a controller's socket to a published route table.", "agent_feed"};
    izar::Options options;
    app.add_option("--nodes", options.nodes)->check(CLI::Range(2, 1'000))->capture_default_str();
    app.add_option("--services", options.services)->check(CLI::Range(1, 200))->capture_default_str();
    app.add_option("--changes", options.changes)->check(CLI::Range(1, 10'000))->capture_default_str();
    CLI11_PARSE(app, argc, argv);
    const auto row = izar::measure(options);
    if (!row) {
        fmt::print(stderr, "agent_feed: {}\n", row.error().text);
        return 1;
    }
    fmt::print("{}\n", row->dump());
    return 0;
}
