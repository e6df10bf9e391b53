#include "tools/edge/edge_process.h"

#include <fmt/format.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_random.h>
#include <sys/prctl.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "dataplane/base/check.h"
#include "dataplane/lcore/thread_class.h"
#include "sched/scheduler_nap.h"

namespace izar {
namespace {

std::unique_ptr<Interfaces> make_interfaces(const EdgeConfig& config, const std::vector<Port>& ports) {
    std::vector<Interface> interfaces(ports.size());
    PortIndex overlay{0};
    for (std::size_t i = 0; i < ports.size(); ++i) {
        interfaces[i].mtu = ports[i].mtu;
        interfaces[i].mac = ports[i].mac;
        if (i < config.ports.size()) {  // TAPs, behind the configured ports, have no addresses of their own
            interfaces[i].addresses = config.ports[i].addresses;
            interfaces[i].gateways = config.ports[i].gateways;
            overlay = config.ports[i].name == config.overlay_port ? PortIndex{static_cast<std::uint8_t>(i)} : overlay;
        }
    }
    return std::make_unique<Interfaces>(std::move(interfaces), overlay, config.egress_addresses);
}

std::shared_ptr<const Fleet> make_fleet(const EdgeConfig& config) {
    auto fleet = std::make_shared<Fleet>();
    fleet->version = 1;
    fleet->nodes = config.nodes;
    for (std::size_t i = 0; i < config.nodes.size(); ++i) {
        const NodeSlot slot{static_cast<std::uint16_t>(i)};
        fleet->slot_of_id[raw(config.nodes[i].id)] = slot;
        fleet->self = config.nodes[i].id == config.id ? slot : fleet->self;
    }
    return fleet;
}

// Threads that share cores with others are woken soon and preempted soon; without the privilege for that they
// run as they are, and the log says so.
void take_class(const Placement& placement, const char* thread) {
    prctl(PR_SET_NAME, thread);
    if (!placement.cores_are_shared) {
        return;
    }
    if (auto done = set_shared_core_class(); !done) {
        fmt::print(stderr, "{}: {}\n", thread, done.error().text);
    }
}

LinkSecrets link_secrets(NodeId self, const std::vector<FeedAssembly::PeerSecret>& told) {
    LinkSecrets out;
    for (const auto& each : told) {
        if (each.former) {
            out.set(self, each.peer, Secret{each.secret}, Secret{*each.former});
        } else {
            out.set(self, each.peer, Secret{each.secret});
        }
    }
    return out;
}

int run_lcore(void* argument) {
    const auto& lcore = *static_cast<const EdgeProcess::LcoreStart*>(argument);
    take_class(*lcore.placement, "izar-lcore");
    lcore.loop->run(*lcore.clock);
    return 0;
}

}  // namespace

Result<std::unique_ptr<EdgeProcess>> EdgeProcess::make(EdgeConfig config, RoutingPolicies policies, Placement placement,
                                                       const TscClock& clock, Nanos wall_offset) {
    std::unique_ptr<EdgeProcess> out(
        new EdgeProcess(std::move(config), std::move(policies), std::move(placement), clock));
    out->wall_offset_ = wall_offset;
    if (auto done = out->open(); !done) {
        return tl::unexpected(done.error());
    }
    out->feed_configuration();
    if (auto done = out->secure_links(); !done) {
        return tl::unexpected(done.error());
    }
    if (auto done = out->meet_agent(); !done) {
        return tl::unexpected(done.error());
    }
    return out;
}

Result<void> EdgeProcess::open() {
    auto pool = make_pool("izar_packets", config_.memory.packet_buffers);
    if (!pool) {
        return tl::unexpected(pool.error());
    }
    auto ports = open_ports(config_, *pool);
    if (!ports) {
        return tl::unexpected(ports.error());
    }
    const std::vector<Port> opened = *ports;
    auto interfaces = make_interfaces(config_, opened);
    const std::uint16_t overlay_mtu = interfaces->port(interfaces->overlay_port()).mtu;
    auto plane =
        DataPlane::make({.name = "izar",
                         .lcores = config_.lcores,
                         .memory = config_.memory,
                         .links = config_.links,
                         .idle = config_.idle,
                         .stamp = StampReflector{config_.stamp_peers, wall_offset_, config_.stamp_nodes, config_.id},
                         .stamp_sessions = config_.probes,
                         .random = rte_rand},
                        opened, std::move(interfaces), *pool);
    if (!plane) {
        close_ports(opened);
        return tl::unexpected(plane.error());
    }
    plane_ = std::move(*plane);
    scheduler_ = std::make_unique<Scheduler>(plane_->publisher(), plane_->reports(), feed_, view_, overlay_mtu);
    return {};
}

// edge.yaml enters the scheduler thread by the same door as a controller's feed.
void EdgeProcess::feed_configuration() {
    fleet_ = make_fleet(config_);
    services_ = std::make_shared<const ServiceTable>(config_.services, 1);
    auto update = std::make_shared<FeedUpdate>();
    update->fleet = fleet_;
    update->services = services_;
    update->policies = policies_;
    CHECK(feed_.push(update));
}

// With `security: none` nothing of this exists, and lcores see no keys.
Result<void> EdgeProcess::secure_links() {
    if (config_.security == SecurityMode::none) {
        return {};
    }
    auto secrets = LinkSecrets::load(config_.secrets_file);
    if (!secrets) {
        return tl::unexpected(secrets.error());
    }
    HandshakeSelf self{config_.id, {}, config_.lcores};
    fill_random(self.boot);
    auto security = NodeSecurity::make({self, plane_->state_list(), plane_->links(), plane_->publisher(), fill_random});
    if (!security) {
        return tl::unexpected(security.error());
    }
    security_ = std::move(*security);
    security_->links().set_fleet(*fleet_);
    security_->links().replace(std::move(*secrets));
    return {};
}

Result<std::string> EdgeProcess::reload_secrets() {
    if (security_ == nullptr) {
        return fail("'security: none' has no secrets to read again");
    }
    auto secrets = LinkSecrets::load(config_.secrets_file);
    if (!secrets) {
        return tl::unexpected(secrets.error());
    }
    if (has_told_secrets_) {
        return "link secrets stay those that the controller told";
    }
    if (!security_->offer(std::move(*secrets))) {
        return fail("the scheduler thread has not taken the secrets before these yet; send SIGHUP again");
    }
    return "link secrets are replaced";
}

// Shared memory beside the control socket. There may never be an agent: then edge.yaml is all there is.
Result<void> EdgeProcess::meet_agent() {
    const auto folder = std::filesystem::path(config_.control_socket).parent_path().string();
    auto end = RingEnd::open(shared_path(folder), RingSide::edge, rte_rand() | 1);
    if (!end) {
        return tl::unexpected(end.error());
    }
    RowSources sources;
    sources.held_flows = [this] { return counted().flows; };
    sources.legs = [this](Instant now) {
        return LegMeasurements{plane_->leg(Leg::client, now), plane_->leg(Leg::origin, now)};
    };
    sources.stamp_port = config_.stamp_nodes ? kStampPort : std::uint16_t{0};
    agent_ = std::make_unique<EdgeFeed>(std::move(*end), fleet_, policies_, std::move(sources));
    agent_->set_config_state(config_state_);
    agent_->set_egress_addresses(config_.egress_addresses);
    return {};
}

void EdgeProcess::set_config_state(ConfigState state) {
    config_state_ = state;
    const std::lock_guard lock(newest_mutex_);
    newest_config_state_ = std::move(state);
}

void EdgeProcess::tell_agent() {
    std::optional<ConfigState> state;
    {
        const std::lock_guard lock(newest_mutex_);
        state = std::exchange(newest_config_state_, std::nullopt);
    }
    if (state) {
        agent_->set_config_state(*state);
    }
}

bool EdgeProcess::take_from_agent() {
    tell_agent();
    const bool worked = agent_->do_work(clock_.now(), scheduler_->mesh(), feed_);
    if (const FeedAssembly& assembly = agent_->assembly(); assembly.refused() != refusals_) {
        refusals_ = assembly.refused();
        const std::lock_guard lock(newest_mutex_);
        refusal_ = assembly.problem();
    }
    if (auto update = agent_->take_static()) {
        const std::lock_guard lock(newest_mutex_);
        newest_fleet_ = std::move(update->fleet);
        newest_services_ = std::move(update->services);
        newest_policies_ = update->policies != nullptr ? std::move(update->policies) : std::move(newest_policies_);
        if (security_ != nullptr) {
            security_->links().set_fleet(*newest_fleet_);
        }
    }
    if (const auto secrets = agent_->take_secrets(); secrets && security_ != nullptr) {
        if (!secrets->empty()) {
            security_->links().replace(link_secrets(config_.id, *secrets));
            has_told_secrets_ = true;
        }
    }
    return worked;
}

// STAMP sessions that the agent asks for go to lcore 0; what comes of them goes to the shell, and back.
bool EdgeProcess::carry_stamp() {
    const Instant now = clock_.now();
    for (const StampSession& session : agent_->take_stamp_sessions()) {
        if (!plane_->stamp_sessions().push(session)) {
            agent_->tell({.session = session, .over = true}, now);
        }
    }
    StampReport report;
    bool worked = false;
    while (plane_->stamp_reports().pop(report)) {
        worked = true;
        if (report.session.task != 0) {
            agent_->tell(report, now);
        }
        if (report.slot != StampReport::kRefused) {
            const std::lock_guard lock(newest_mutex_);
            stamp_reports_[report.slot] = report;
        }
    }
    return worked;
}

std::vector<StampReport> EdgeProcess::stamp_reports() {
    const std::lock_guard lock(newest_mutex_);
    std::vector<StampReport> out;
    for (const auto& [slot, report] : stamp_reports_) {
        out.push_back(report);
    }
    return out;
}

bool EdgeProcess::follow_agent() {
    const std::lock_guard lock(newest_mutex_);
    if (newest_fleet_ == nullptr) {
        return false;
    }
    fleet_ = std::exchange(newest_fleet_, nullptr);
    services_ = std::exchange(newest_services_, nullptr);
    policies_ = newest_policies_ != nullptr ? std::exchange(newest_policies_, nullptr) : policies_;
    return true;
}

std::optional<std::string> EdgeProcess::take_refusal() {
    const std::lock_guard lock(newest_mutex_);
    return std::exchange(refusal_, std::nullopt);
}

Result<void> EdgeProcess::record(const std::string& file) {
    auto recorder = TraceRecorder::open(file, interfaces().port(interfaces().overlay_port()).mtu);
    if (!recorder) {
        return tl::unexpected(recorder.error());
    }
    recorder_ = std::move(*recorder);
    scheduler_->set_listener(*recorder_);
    return {};
}

bool EdgeProcess::write_trace() {
    if (recorder_ == nullptr || trace_ended_) {
        return true;
    }
    trace_ended_ = !recorder_->write();
    return !trace_ended_;
}

Result<void> EdgeProcess::start() {
    for (std::size_t i = 0; i < plane_->size(); ++i) {
        starts_[i] = {&plane_->loop(i), &clock_, &placement_};
        if (rte_eal_remote_launch(run_lcore, &starts_[i], static_cast<unsigned>(i + 1)) != 0) {
            return fail(fmt::format("EAL lcore {} is not there; leave --lcores to izar-edge, or give it ids 0 to {}",
                                    i + 1, plane_->size()));
        }
    }
    scheduler_thread_ = std::thread([this] { run_scheduler(); });
    return {};
}

void EdgeProcess::run_scheduler() noexcept {
    take_class(placement_, "izar-sched");
    prctl(PR_SET_TIMERSLACK, 1);
    const OnSched on_sched = OnSched::claim();
    std::uint32_t rewrites = 0;
    Nanos nap = kSchedulerNap;
    while (!stop_scheduler_.load(std::memory_order_relaxed)) {
        const std::uint32_t wanted = forced_rewrites_.load(std::memory_order_relaxed);
        if (wanted != rewrites) {
            scheduler_->set_forced_rewrites(wanted);
            rewrites = wanted;
        }
        const bool secured = security_ != nullptr && security_->do_work(on_sched, clock_.now());
        const bool fed = take_from_agent();
        const bool probed = carry_stamp();
        const bool worked = scheduler_->do_work(on_sched, clock_.now());
        if (worked || secured || fed || probed) {
            nap = kSchedulerNap;
            continue;
        }
        std::this_thread::sleep_for(nap);
        nap = std::min(nap + kSchedulerNapStep, kLongestSchedulerNap);
    }
}

void EdgeProcess::stop() noexcept {
    plane_->control().quit.store(true, std::memory_order_relaxed);
    for (std::size_t i = 0; i < plane_->size(); ++i) {
        rte_eal_wait_lcore(static_cast<unsigned>(i + 1));
    }
    stop_scheduler_.store(true, std::memory_order_relaxed);
    if (scheduler_thread_.joinable()) {
        scheduler_thread_.join();
    }
}

EdgeProcess::~EdgeProcess() {
    if (plane_ != nullptr) {
        stop();
        close_ports(plane_->ports());
    }
}

}  // namespace izar
