// agent_fleet.h -- A real controller over a real store and real agents, over TLS on loopback, in one thread. Where
// izar-edge would be stands the other end of the ring.
//
// Time is the test's: while somebody has something to do it passes as ever, and whenever nobody has, a step is skipped.
// So what takes half a minute takes a second, and a slow machine makes nobody late.
//
// Thread: the test's.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "ctrl/agent/agent.h"
#include "ctrl/agent/join.h"
#include "ctrl/controller/controller.h"
#include "ctrl/controller/operator_commands.h"
#include "ctrl/ring/edge_feed.h"
#include "dataplane/base/testing/real_time.h"
#include "dataplane/base/testing/temporary_folder.h"

namespace izar {

class TestClock {
  public:
    Instant now() const { return real_now() + skipped_; }
    WallTime wall() const { return kStart + wall_skipped_; }
    WallSeconds wall_seconds() const { return std::chrono::floor<std::chrono::seconds>(wall()); }
    void skip(Nanos span) { skipped_ += span; }
    void skip_wall(std::chrono::hours span) { wall_skipped_ += span; }

  private:
    static constexpr WallTime kStart{std::chrono::seconds{1'790'000'000}};
    Nanos skipped_{};
    std::chrono::hours wall_skipped_{};
};

// One node: identity, agent, and in place of izar-edge an EdgeFeed with a mesh that the test fills.
struct TestNode {
    TestNode(EventLoop& loop, const TestClock& time, const SocketAddress& controller, const Identity& who,
             const std::string& where, bool answers_stamp = true, bool with_edge = true)
        : clock(time), identity(who), folder(where), tls(*TlsContext::for_node(who.credentials, who.authority)) {
        ring = std::move(*RingEnd::open(shared_path(where), RingSide::agent, 1));
        if (with_edge) {
            start_edge(answers_stamp);
        }
        agent = std::make_unique<Agent>(AgentParts{loop,
                                                   tls,
                                                   *ring,
                                                   who,
                                                   where,
                                                   {controller},
                                                   1,
                                                   Random{1},
                                                   [this] { return clock.wall_seconds() + wall_ahead; },
                                                   [this](const std::string& line) { log += line + "\n"; }});
        agent->start();
    }
    // A life of izar-edge, which begins with nothing measured, and its end (edge.reset()) are the test's to choose.
    void start_edge(bool answers_stamp = true) {
        auto own = std::make_shared<Fleet>();
        own->nodes.resize(1);
        own->nodes[0].id = identity.id;
        own->self = NodeSlot{0};
        own->slot_of_id[raw(identity.id)] = NodeSlot{0};
        mesh = Mesh{};
        mesh.set_fleet(*own);
        edge = std::make_unique<EdgeFeed>(std::move(*RingEnd::open(shared_path(folder), RingSide::edge, ++edge_boot)),
                                          own, std::make_shared<const RoutingPolicies>(), sources(answers_stamp));
    }
    RowSources sources(bool answers_stamp) {
        RowSources out;
        out.held_flows = [this] { return flows; };
        out.legs = [this](Instant) { return legs; };
        out.stamp_port = answers_stamp ? kStampPort : std::uint16_t{0};
        return out;
    }
    void work() {
        if (edge == nullptr || !edge_runs) {
            return;
        }
        (void)edge->do_work(clock.now(), mesh, feed);
        answer_stamp();
        std::shared_ptr<const FeedUpdate> update;
        while (feed.pop(update)) {
            if (update->fleet != nullptr) {
                fleet = update->fleet;
                services = update->services;
                mesh.set_fleet(*update->fleet);
            }
            life = update->life.value_or(life);
            links.insert(links.end(), update->links.begin(), update->links.end());
            withdrawn.insert(withdrawn.end(), update->withdrawn.begin(), update->withdrawn.end());
        }
    }
    // What comes of the STAMP sessions that the agent asked for: a tenth is lost, the rest is back after stamp_rtt.
    void answer_stamp() {
        for (const StampSession& session : edge->take_stamp_sessions()) {
            stamped.push_back(session.peer);
            StampReport report;
            report.session = session;
            report.sent = session.count;
            report.measurement = {MeasurementSource::stamp,
                                  session.count * 9 / 10,
                                  session.count / 10,
                                  stamp_rtt,
                                  stamp_rtt,
                                  Nanos{0},
                                  clock.now()};
            report.over = true;
            edge->tell(report, clock.now());
        }
    }
    // A link of ours as if izar-edge had measured it.
    void measure(NodeId to, bool up, Nanos rtt) {
        LinkReport report;
        report.link = fleet->slot(to);
        report.at = clock.now();
        report.kind = up ? LinkReportKind::up : LinkReportKind::down;
        mesh.take(report);
        if (up) {
            report.kind = LinkReportKind::rtt;
            report.rtt = {rtt, rtt, 1};
            mesh.take(report);
        }
    }

    const TestClock& clock;
    std::chrono::hours wall_ahead{};  // of the others' clocks
    Identity identity;
    std::string folder;
    TlsContext tls;
    std::string log;
    std::unique_ptr<RingEnd> ring;
    std::uint64_t edge_boot = 1;
    std::unique_ptr<EdgeFeed> edge;  // null: it does not run
    std::unique_ptr<Agent> agent;
    Mesh mesh;
    FeedRing feed;
    std::shared_ptr<const Fleet> fleet;
    std::shared_ptr<const ServiceTable> services;
    FeedLife life = FeedLife::silent;
    bool edge_runs = true;    // false: it is frozen
    std::uint64_t flows = 0;  // that it holds
    LegMeasurements legs{};   // that it measured
    Nanos stamp_rtt = std::chrono::milliseconds{12};
    std::vector<IpAddress> stamped{};  // whom it sent STAMP probes
    std::vector<FeedLink> links;
    std::vector<NodeId> withdrawn;
};

class AgentFleetTest : public testing::Test {
  protected:
    // When nobody has had anything to do for so long, so much is skipped: less than anybody's patience with silence.
    static constexpr Nanos kQuiet = std::chrono::milliseconds{1};
    static constexpr Nanos kStep = std::chrono::milliseconds{20};

    void SetUp() override {
        loop = std::move(*EventLoop::make([this] { return clock.now(); }));
        store = std::move(*open_sqlite_store(folder / "izar.db", StoreOptions{}));
        start_controller(0);
    }
    void TearDown() override {
        nodes.clear();
        end_controller();
        loop.reset();
    }
    void start_controller(std::uint16_t port) {
        auto listener = listen_tcp({*IpAddress::parse("127.0.0.1"), port});
        ASSERT_TRUE(listener) << listener.error().text;
        address = local_address(listener->get());
        controller = std::make_unique<Controller>(
            ControllerParts{*loop, *store, authority, tls, MasterSecret{1}, [this] { return clock.wall(); },
                            [this](const std::string& line) { log += line + "\n"; }});
        commands = std::make_unique<OperatorCommands>(*controller, [this](std::span<std::uint8_t> bytes) {
            for (std::uint8_t& byte : bytes) {
                byte = ++random;
            }
        });
        ASSERT_TRUE(controller->start());
        listener_id = loop->accept(std::move(*listener), [this](StreamId stream, const SocketAddress& from) {
            return controller->accept(stream, from);
        });
    }
    void end_controller() {
        loop->close(listener_id);
        commands.reset();
        controller.reset();
    }
    nlohmann::json ask(const nlohmann::json& request) {
        const auto answer = commands->answer(request.dump());
        EXPECT_TRUE(answer) << answer.error().text;
        return answer ? nlohmann::json::parse(*answer) : nlohmann::json();
    }
    std::string token(int uses = 1, const std::string& region = "eu") {
        return ask({{"do", "token create"}, {"region", region}, {"uses", uses}})["token"];
    }
    Result<Identity> join_as(const std::string& name, const std::string& with) {
        const auto number = std::to_string(++joined);
        return join(*loop, {address, *JoinToken::parse(with), name, *IpAddress::parse("127.0.0." + number)},
                    clock.wall_seconds());
    }
    TestNode& add_node(const std::string& name, const std::string& region = "eu", bool answers_stamp = true) {
        const auto identity = join_as(name, token(1, region));
        EXPECT_TRUE(identity) << identity.error().text;
        EXPECT_TRUE(save_identity(folder / name, *identity));
        nodes.push_back(std::make_unique<TestNode>(*loop, clock, address, *identity, folder / name, answers_stamp));
        return *nodes.back();
    }
    // Until the condition holds, or this much time has passed; most of it only by the test's clock.
    template <typename Condition>
    [[nodiscard]] bool run_until(Condition condition, Nanos patience = std::chrono::seconds{60}) {
        const Instant deadline = clock.now() + patience;
        while (!condition() && clock.now() < deadline) {
            bool quiet = true;
            for (const Instant begun = real_now(); quiet && real_now() - begun < kQuiet;) {
                quiet = !loop->run_once(kQuiet);
            }
            clock.skip(quiet ? kStep : Nanos{0});
            for (const auto& node : nodes) {
                node->work();
            }
        }
        return condition();
    }
    void pass(Nanos span) {
        (void)run_until([] { return false; }, span);
    }
    [[nodiscard]] static bool knows(const TestNode& node, std::size_t count) {
        const auto is_known = [](const FleetNode& each) { return each.id != kNoNode; };
        return node.fleet != nullptr &&
               static_cast<std::size_t>(std::ranges::count_if(node.fleet->nodes, is_known)) == count;
    }

    TemporaryFolder folder;
    TestClock clock;
    CertificateAuthority authority = *CertificateAuthority::make(clock.wall_seconds());
    TlsContext tls =
        *TlsContext::for_controller(*authority.make_controller(clock.wall_seconds()), authority.certificate());
    std::unique_ptr<EventLoop> loop;
    std::unique_ptr<Store> store;
    std::unique_ptr<Controller> controller;
    std::unique_ptr<OperatorCommands> commands;
    SocketAddress address;
    StreamId listener_id = kNoStream;
    std::string log;
    std::uint8_t random = 0;
    int joined = 0;
    std::vector<std::unique_ptr<TestNode>> nodes;
};

}  // namespace izar
