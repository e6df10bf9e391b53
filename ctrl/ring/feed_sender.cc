#include "ctrl/ring/feed_sender.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "ctrl/ring/link_body.h"
#include "ctrl/ring/message.h"

namespace izar {
namespace {

using ring::Kind;
using ring::message_of;

template <typename Time>
std::uint32_t count_of(Nanos time) {
    return static_cast<std::uint32_t>(
        std::clamp<std::int64_t>(std::chrono::duration_cast<Time>(time).count(), 0, 0xFFFFFFFF));
}

ring::Message node_message_of(const FleetNode& node) {
    ring::StaticNode body{};
    body.id = raw(node.id);
    body.family = raw(node.overlay_address.family());
    std::ranges::copy(node.overlay_address.bytes(), body.address);
    std::memcpy(body.name, node.name, sizeof body.name);
    std::memcpy(body.region, node.region, sizeof body.region);
    return message_of(Kind::static_node, body);
}

void add_service(std::deque<ring::Message>& queue, const Service& service) {
    ring::StaticService body{};
    body.id = raw(service.id);
    body.family = raw(service.vip.family());
    body.transport = raw(service.transport);
    body.first_port = service.first_port;
    body.last_port = service.last_port;
    body.duplicate = service.duplicate ? 1 : 0;
    const FlowTimeouts& timeouts = service.timeouts;
    const Nanos in_order[] = {timeouts.tcp_opening, timeouts.tcp_established, timeouts.tcp_closing, timeouts.udp,
                              timeouts.icmp};
    std::ranges::transform(in_order, body.timeouts_ms, count_of<std::chrono::milliseconds>);
    std::ranges::copy(service.vip.bytes(), body.vip);
    std::memcpy(body.name, service.name, sizeof body.name);
    queue.push_back(message_of(Kind::static_service, body));
    for (const Egress& egress : service.egresses) {
        queue.push_back(message_of(Kind::static_egress, ring::StaticEgress{raw(egress.node), 0, egress.weight}));
    }
    for (const Origin& origin : service.origins) {
        ring::StaticOrigin one{};
        std::ranges::copy(origin.address.bytes(), one.address);
        one.family = raw(origin.address.family());
        one.port = origin.port;
        one.weight = origin.weight;
        queue.push_back(message_of(Kind::static_origin, one));
    }
}

ring::Load load_body(const FeedNode& node) {
    const NodeLoad& load = node.load;
    return {raw(node.node),     {},
            load.cpu_percent,   load.cpu_variance,
            load.mean_excess,   load.variance_excess,
            load.mean_queue,    load.variance_queue,
            load.price,         raw(load.used),
            raw(load.capacity), load.egress_percent};
}

void add_policy(std::deque<ring::Message>& queue, std::string_view text) {
    while (!text.empty()) {
        ring::StaticPolicy body{};
        body.bytes = static_cast<std::uint16_t>(text.copy(body.text, sizeof body.text));
        queue.push_back(message_of(Kind::static_policy, body));
        text.remove_prefix(body.bytes);
    }
}

}  // namespace

void FeedSender::set_static(const StaticData& data) {
    static_ = data;
    queue_static();
}

void FeedSender::queue_static() {
    if (static_begun_) {
        static_again_ = true;
        return;
    }
    static_again_ = false;
    static_queue_.clear();
    if (static_.version == 0) {
        return;
    }
    ring::StaticBegin begin{};
    begin.version = static_.version;
    begin.self = raw(self_);
    begin.nodes = static_cast<std::uint16_t>(static_.nodes.size());
    begin.services = static_cast<std::uint16_t>(static_.services.size());
    begin.secrets = static_cast<std::uint16_t>(static_.secrets.size());
    begin.policy_bytes = static_cast<std::uint32_t>(static_.routing_policy.size());
    static_queue_.push_back(message_of(Kind::static_begin, begin));
    for (const auto& [id, node] : static_.nodes) {
        static_queue_.push_back(node_message_of(node));
    }
    for (const auto& [id, service] : static_.services) {
        add_service(static_queue_, service);
    }
    for (const auto& [peer, secret] : static_.secrets) {
        ring::StaticSecret body{};
        body.peer = raw(peer);
        std::ranges::copy(secret, body.secret);
        if (const auto former = static_.former_secrets.find(peer); former != static_.former_secrets.end()) {
            body.has_former = 1;
            std::ranges::copy(former->second, body.former);
        }
        static_queue_.push_back(message_of(Kind::static_secret, body));
    }
    add_policy(static_queue_, static_.routing_policy);
    static_queue_.push_back(message_of(Kind::static_commit, ring::StaticCommit{static_.version}));
}

void FeedSender::set_life(FeedLife life) {
    life_changed_ |= life != life_;
    life_ = life;
}

void FeedSender::set_mesh(std::vector<FeedLink> links) {
    mesh_ = std::move(links);
    mesh_sent_ = 0;
}

void FeedSender::set_loads(std::vector<FeedNode> loads) {
    loads_ = std::move(loads);
    loads_sent_ = 0;
}

void FeedSender::set_withdrawn(NodeId node, bool withdrawn) {
    withdrawn_[node] = withdrawn;
    changed_nodes_[node] = withdrawn;
}

void FeedSender::link_changed(const FeedLink& link) {
    changed_links_.insert_or_assign({link.from, link.to}, link);
}

void FeedSender::resend() {
    static_begun_ = false;
    queue_static();
    life_changed_ = true;
    for (const auto& [node, withdrawn] : withdrawn_) {
        if (withdrawn) {
            changed_nodes_[node] = true;
        }
    }
}

bool FeedSender::send(std::deque<ring::Message>& queue) {
    while (!queue.empty() && end_.send(queue.front())) {
        queue.pop_front();
        static_begun_ = !queue.empty();
    }
    return queue.empty();
}

bool FeedSender::do_work() {
    if (!end_.synchronised()) {
        return false;
    }
    if (!send(static_queue_)) {
        return true;
    }
    if (static_again_) {
        queue_static();
        return true;
    }
    if (life_changed_) {
        life_changed_ = !end_.send(Kind::feed_life,
                                   ring::FeedLifeBody{life_ == FeedLife::live ? std::uint8_t{1} : std::uint8_t{0}, {}});
    }
    while (!changed_nodes_.empty()) {
        const auto [node, withdrawn] = *changed_nodes_.begin();
        if (!end_.send(Kind::feed_node,
                       ring::FeedNodeBody{raw(node), withdrawn ? std::uint8_t{1} : std::uint8_t{0}, {}})) {
            return true;
        }
        changed_nodes_.erase(changed_nodes_.begin());
    }
    while (!changed_links_.empty()) {
        if (!end_.send(Kind::feed_link, link_body(changed_links_.begin()->second))) {
            return true;
        }
        changed_links_.erase(changed_links_.begin());
    }
    while (mesh_sent_ < mesh_.size()) {
        if (!end_.send(Kind::feed_link, link_body(mesh_[mesh_sent_]))) {
            return true;
        }
        ++mesh_sent_;
    }
    set_mesh({});
    while (loads_sent_ < loads_.size()) {
        if (!end_.send(Kind::feed_load, load_body(loads_[loads_sent_]))) {
            return true;
        }
        ++loads_sent_;
    }
    set_loads({});
    return life_changed_;
}

}  // namespace izar
