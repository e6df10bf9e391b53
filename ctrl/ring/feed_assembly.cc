#include "ctrl/ring/feed_assembly.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "ctrl/ring/link_body.h"
#include "ctrl/ring/message.h"
#include "dataplane/base/check.h"
#include "dataplane/base/limits.h"
#include "dataplane/tables/service_rules.h"
#include "sched/policy_file.h"

namespace izar {
namespace {

using ring::body_of;
using ring::Kind;

std::optional<IpAddress> address_of(const std::uint8_t (&bytes)[16], std::uint8_t family) {
    if (family == raw(Family::ipv4)) {
        Ipv4Address out{};
        std::memcpy(&out, bytes, sizeof out);
        return out;
    }
    if (family == raw(Family::ipv6)) {
        Ipv6Address out{};
        std::memcpy(&out, bytes, sizeof out);
        return out;
    }
    return std::nullopt;
}

bool is_name(const char (&name)[ring::kNameBytes]) {
    static_assert(ring::kNameBytes == kNameLength);
    return name[0] != '\0' && name[ring::kNameBytes - 1] == '\0';
}

std::optional<FleetNode> read_node(const ring::StaticNode& body) {
    const auto address = address_of(body.address, body.family);
    if (!address || body.id == 0 || !is_name(body.name) || !is_name(body.region)) {
        return std::nullopt;
    }
    FleetNode out;
    out.id = NodeId{body.id};
    out.overlay_address = *address;
    std::memcpy(out.name, body.name, sizeof out.name);
    std::memcpy(out.region, body.region, sizeof out.region);
    return out;
}

std::optional<Service> read_service(const ring::StaticService& body) {
    const auto vip = address_of(body.vip, body.family);
    if (!vip || body.id == 0 || body.id >= (1U << 24) || body.transport > raw(Transport::icmp) ||
        body.first_port > body.last_port || !is_name(body.name)) {
        return std::nullopt;
    }
    Service out;
    out.id = ServiceId{body.id};
    out.vip = *vip;
    out.transport = static_cast<Transport>(body.transport);
    out.first_port = body.first_port;
    out.last_port = body.last_port;
    out.duplicate = body.duplicate != 0;
    std::memcpy(out.name, body.name, sizeof out.name);
    Nanos* const timeouts[] = {&out.timeouts.tcp_opening, &out.timeouts.tcp_established, &out.timeouts.tcp_closing,
                               &out.timeouts.udp, &out.timeouts.icmp};
    for (std::size_t i = 0; i < std::size(timeouts); ++i) {
        *timeouts[i] = std::chrono::milliseconds{std::max(body.timeouts_ms[i], 1U)};
    }
    return out;
}

}  // namespace

FeedAssembly::FeedAssembly(std::shared_ptr<const Fleet> own, std::shared_ptr<const RoutingPolicies> policies)
    : fleet_(std::move(own)), own_policies_(std::move(policies)) {
    CHECK(fleet_ != nullptr && fleet_->self != kNoSlot && own_policies_ != nullptr);
}

void FeedAssembly::forget() noexcept {
    building_.reset();
    gathered_.reset();
}

void FeedAssembly::refuse(std::string why) {
    ++refused_;
    problem_ = std::move(why);
    if (building_) {
        building_->sound = false;
    }
}

// A part of the static update that is being built; parts out of place, or of an update already refused, are skipped.
template <typename Body, typename Read>
void FeedAssembly::build(const ring::Message& message, Read read) {
    if (building_ && building_->sound && !read(body_of<Body>(message), *building_)) {
        refuse(fmt::format("a part of kind {} of static data {} is out of range", raw(message.kind),
                           building_->begin.version));
    }
}

FeedAssembly::Output FeedAssembly::take(const ring::Message& message) {
    switch (message.kind) {
        case Kind::static_begin:
            building_ = Building{};
            building_->begin = body_of<ring::StaticBegin>(message);
            break;
        case Kind::static_node:
            build<ring::StaticNode>(message, [](const auto& body, Building& to) {
                const auto node = read_node(body);
                return node && to.nodes.size() < kMaxNodes && (to.nodes.push_back(*node), true);
            });
            break;
        case Kind::static_service:
            build<ring::StaticService>(message, [](const auto& body, Building& to) {
                const auto service = read_service(body);
                return service && to.services.size() < kMaxServices && (to.services.push_back(*service), true);
            });
            break;
        case Kind::static_egress:
            build<ring::StaticEgress>(message, [](const auto& body, Building& to) {
                return !to.services.empty() && body.node != 0 && to.services.back().egresses.size() < kMaxEgresses &&
                       (to.services.back().egresses.push_back({NodeId{body.node}, body.weight}), true);
            });
            break;
        case Kind::static_origin:
            build<ring::StaticOrigin>(message, [](const auto& body, Building& to) {
                const auto address = address_of(body.address, body.family);
                return address && !to.services.empty() && address->family() == to.services.back().vip.family() &&
                       to.services.back().origins.size() < kMaxOrigins &&
                       (to.services.back().origins.push_back({*address, body.port, body.weight}), true);
            });
            break;
        case Kind::static_secret:
            build<ring::StaticSecret>(message, [](const auto& body, Building& to) {
                PeerSecret secret{.peer = NodeId{body.peer}};
                std::ranges::copy(body.secret, secret.secret.begin());
                if (body.has_former != 0) {
                    std::ranges::copy(body.former, secret.former.emplace().begin());
                }
                return body.peer != 0 && to.secrets.size() < kMaxNodes && (to.secrets.push_back(secret), true);
            });
            break;
        case Kind::static_policy:
            build<ring::StaticPolicy>(message, [](const auto& body, Building& to) {
                return body.bytes <= sizeof body.text && to.policy.size() + body.bytes <= kMaxPolicyBytes &&
                       (to.policy.append(body.text, body.bytes), true);
            });
            break;
        case Kind::static_commit:
            return commit(body_of<ring::StaticCommit>(message).version);
        default:
            return take_dynamic(message);
    }
    return {};
}

FeedAssembly::Output FeedAssembly::take_dynamic(const ring::Message& message) {
    switch (message.kind) {
        case Kind::feed_life:
            gathered().life = body_of<ring::FeedLifeBody>(message).live != 0 ? FeedLife::live : FeedLife::silent;
            break;
        case Kind::feed_link:
            take_link(body_of<ring::Link>(message));
            break;
        case Kind::feed_load:
            take_load(body_of<ring::Load>(message));
            break;
        case Kind::feed_node: {
            const auto body = body_of<ring::FeedNodeBody>(message);
            (body.withdrawn != 0 ? gathered().withdrawn : gathered().restored).push_back(NodeId{body.node});
            break;
        }
        default:
            ++skipped_;
            break;
    }
    const bool enough = gathered_ != nullptr && gathered_->links.size() + gathered_->nodes.size() +
                                                        gathered_->withdrawn.size() + gathered_->restored.size() >=
                                                    kMostGathered;
    return {enough ? take_gathered() : nullptr, std::nullopt, std::nullopt};
}

FeedUpdate& FeedAssembly::gathered() {
    if (gathered_ == nullptr) {
        gathered_ = std::make_shared<FeedUpdate>();
    }
    return *gathered_;
}

std::shared_ptr<const FeedUpdate> FeedAssembly::take_gathered() {
    return std::exchange(gathered_, nullptr);
}

void FeedAssembly::take_link(const ring::Link& body) {
    if (const auto link = read_link_body(body)) {
        gathered().links.push_back(*link);
    } else {
        refuse(fmt::format("link {} to {} is out of range", body.from, body.to));
    }
}

void FeedAssembly::take_load(const ring::Load& load) {
    const double values[] = {load.cpu_percent, load.cpu_variance,   load.mean_excess, load.variance_excess,
                             load.mean_queue,  load.variance_queue, load.price,       load.egress_percent};
    if (load.node == 0 || !std::ranges::all_of(values, [](double value) { return std::isfinite(value); })) {
        refuse(fmt::format("the load of node {} is out of range", load.node));
        return;
    }
    FeedNode out;
    out.node = NodeId{load.node};
    out.load = {load.cpu_percent,     load.cpu_variance,      load.mean_excess,
                load.variance_excess, load.mean_queue,        load.variance_queue,
                load.price,           BitRate{load.used_bps}, BitRate{load.capacity_bps}};
    if (load.egress_percent > 0) {
        out.load.egress_percent = load.egress_percent;
    }
    gathered().nodes.push_back(out);
}

FeedAssembly::Output FeedAssembly::commit(std::uint64_t version) {
    auto built = std::exchange(building_, std::nullopt);
    if (!built || !built->sound) {
        return {};
    }
    const NodeId own = fleet_->node(fleet_->self).id;
    const bool has_self = std::ranges::any_of(built->nodes, [&](const FleetNode& node) { return node.id == own; });
    if (version != built->begin.version || built->nodes.size() != built->begin.nodes ||
        built->services.size() != built->begin.services || built->secrets.size() != built->begin.secrets ||
        built->policy.size() != built->begin.policy_bytes || !has_self) {
        refuse(fmt::format("static data {} is not whole, or node {} is not in it", version, raw(own)));
        return {};
    }
    const auto policies = next_policies(built->policy);
    if (!policies) {
        refuse(fmt::format("static data {}: {}", version, policies.error().text));
        return {};
    }
    const auto update = std::make_shared<FeedUpdate>();
    update->policies = *policies;
    policy_ = std::move(built->policy);
    update->fleet = fleet_ = next_fleet(version, built->nodes);
    leave_out_conflicts(built->services);
    update->services = std::make_shared<const ServiceTable>(std::move(built->services), version);
    return {update, version, std::move(built->secrets)};
}

void FeedAssembly::leave_out_conflicts(std::vector<Service>& services) {
    std::erase_if(services, [&](const Service& service) {
        const auto conflict = vip_conflict(service.vip, {}, egress_addresses_);
        if (conflict) {
            refuse(fmt::format("service {}: {}", service.name, *conflict));
        }
        return conflict.has_value();
    });
}

// Null: as they are. Names are not looked up: the controller has done it, and a node named there may have left since.
Result<std::shared_ptr<const RoutingPolicies>> FeedAssembly::next_policies(const std::string& text) const {
    if (text == policy_) {
        return nullptr;
    }
    if (text.empty()) {
        return own_policies_;
    }
    auto read = parse_routing_policy(text, "the controller's routing policy");
    if (!read) {
        return tl::unexpected(read.error());
    }
    return std::make_shared<const RoutingPolicies>(std::move(*read));
}

std::shared_ptr<const Fleet> FeedAssembly::next_fleet(std::uint64_t version,
                                                      const std::vector<FleetNode>& nodes) const {
    auto out = std::make_shared<Fleet>();
    out->version = version;
    out->nodes.resize(fleet_->nodes.size());
    std::vector<FleetNode> added;
    for (const FleetNode& node : nodes) {
        const NodeSlot slot = fleet_->slot(node.id);
        if (slot == kNoSlot) {
            added.push_back(node);
        } else {
            out->nodes[raw(slot)] = node;
        }
    }
    for (const FleetNode& node : added) {
        if (out->nodes.size() < kMaxNodes) {
            out->nodes.push_back(node);
        } else {
            const auto free = [](const FleetNode& slot) { return slot.id == kNoNode; };
            *std::ranges::find_if(out->nodes, free) = node;
        }
    }
    for (std::size_t i = 0; i < out->nodes.size(); ++i) {
        if (out->nodes[i].id != kNoNode) {
            out->slot_of_id[raw(out->nodes[i].id)] = NodeSlot{static_cast<std::uint16_t>(i)};
        }
    }
    out->self = fleet_->self;
    return out;
}

}  // namespace izar
