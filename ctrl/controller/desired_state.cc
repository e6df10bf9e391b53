#include "ctrl/controller/desired_state.h"

#include <control.pb.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "ctrl/controller/fleet_identity.h"
#include "ctrl/store/node_vips.h"
#include "dataplane/base/limits.h"

namespace izar {
namespace {

FleetNode fleet_node(const NodeRecord& record) {
    FleetNode out;
    out.id = record.id;
    out.overlay_address = record.address;
    std::strncpy(out.name, record.name.c_str(), kNameLength - 1);
    std::strncpy(out.region, record.region.c_str(), kNameLength - 1);
    return out;
}

// With each of its VIPs at nodes, which are services to those that forward. The store keeps them within the limit.
void add_service(StaticData& data, const ServiceRecord& record, Service service) {
    for (const NodeVip& vip : record.node_vips) {
        if (data.services.size() < kMaxServices) {
            data.services.emplace(vip.id, service_at(service, vip));
        }
    }
    if (data.services.size() < kMaxServices) {
        data.services.emplace(service.id, std::move(service));
    }
}

}  // namespace

DesiredState::DesiredState(const LinkRoots& roots) : roots_(roots) {
    (void)take_links({.whole = true});
    remembered_.push_back({{}, links_});
}

DesiredState::~DesiredState() = default;

Result<bool> DesiredState::refresh(Store& store) {
    const auto changes = store.changes_since(StaticVersion{version_});
    if (!changes) {
        return fail(changes.error().text);
    }
    if (raw(changes->version) == version_ && !changes->whole) {
        return false;
    }
    if (auto taken = take_links(*changes); !taken) {
        return tl::unexpected(taken.error());
    }
    if (changes->whole) {
        records_.clear();
        service_records_.clear();
        domains_.clear();
        routing_policy_.clear();
        store_number_ = 0;
    }
    for (const NodeRecord& node : changes->nodes) {
        records_.insert_or_assign(node.id, node);
    }
    for (const ServiceRecord& service : changes->services) {
        service_records_.insert_or_assign(service.service.id, service);
    }
    for (const ServiceId service : changes->removed_services) {
        service_records_.erase(service);
    }
    for (const DomainRecord& domain : changes->domains) {
        domains_.insert_or_assign(domain.domain, domain);
    }
    for (const std::string& domain : changes->removed_domains) {
        domains_.erase(domain);
    }
    for (const Document& document : changes->documents) {
        routing_policy_ = document.name == kRoutingPolicyDocument ? document.body : routing_policy_;
        store_number_ = document.name == kFleetIdentityDocument ? izar::store_number(document.body) : store_number_;
    }
    if (std::ranges::find(changes->removed_documents, kRoutingPolicyDocument) != changes->removed_documents.end()) {
        routing_policy_.clear();
    }
    const bool moved = raw(changes->version) != version_;
    version_ = raw(changes->version);
    build();
    return moved;
}

Result<void> DesiredState::take_links(const StaticChanges& changes) {
    const auto document = std::ranges::find(changes.documents, kLinkSecretsDocument, &Document::name);
    const bool here = document != changes.documents.end();
    if (!here && !changes.whole &&
        std::ranges::find(changes.removed_documents, kLinkSecretsDocument) == changes.removed_documents.end()) {
        return {};
    }
    auto next = here ? LinkGenerations::parse(document->body) : LinkGenerations{};
    if (!next) {
        return tl::unexpected(next.error());
    }
    std::map<LinkGeneration, LinkRoot> roots;
    for (const auto& [generation, each] : next->in_use()) {
        auto root = roots_.root(generation, each.seed);
        if (!root) {
            return tl::unexpected(root.error());
        }
        roots.insert_or_assign(generation, *root);
    }
    if (next->newest() != links_->newest() || changes.whole) {
        links_version_ = here ? raw(document->version) : 0;
    }
    links_ = std::make_shared<const LinkGenerations>(*std::move(next));
    root_of_ = std::move(roots);
    return {};
}

void DesiredState::build() {
    StaticData next;
    next.version = version_;
    next.store = store_number_;
    next.routing_policy = routing_policy_;
    for (const auto& [id, record] : records_) {
        if (record.state == NodeState::joined && id != kNoNode && next.nodes.size() < kMaxNodes) {
            next.nodes.emplace(id, fleet_node(record));
        }
    }
    const std::vector<Egress> usual = usual_egresses(next.nodes);
    for (const auto& [id, record] : service_records_) {
        Service service = effective(record, next.nodes, usual);
        if (!service.egresses.empty() && !service.origins.empty()) {
            add_service(next, record, std::move(service));
        }
    }
    remembered_.push_back({std::move(next), links_});
    if (remembered_.size() > kRemembered) {
        remembered_.pop_front();
    }
    updates_.clear();
}

// Every node that can serve. Of more than a service can have, regions take turns, so that none goes without; within
// one, who joined first.
std::vector<Egress> DesiredState::usual_egresses(const std::map<NodeId, FleetNode>& nodes) const {
    std::map<std::string_view, std::vector<NodeId>> regions;
    std::size_t most = 0;
    const auto serves = [&](NodeId id) { return records_.at(id).was_seen() && !records_.at(id).drained; };
    const bool any = std::ranges::any_of(nodes, [&](const auto& node) { return serves(node.first); });
    for (const auto& [id, node] : nodes) {
        if (any ? serves(id) : records_.at(id).was_seen()) {
            auto& region = regions[node.region];
            region.push_back(id);
            most = std::max(most, region.size());
        }
    }
    std::vector<Egress> out;
    for (std::size_t turn = 0; turn < most; ++turn) {
        for (const auto& [region, ids] : regions) {
            if (turn < ids.size() && out.size() < kMaxEgresses) {
                out.push_back({ids[turn], 1});
            }
        }
    }
    std::ranges::sort(out, {}, &Egress::node);
    return out;
}

Service DesiredState::effective(const ServiceRecord& record, const std::map<NodeId, FleetNode>& nodes,
                                const std::vector<Egress>& usual) const {
    Service out = record.service;
    if (out.egresses.empty()) {
        out.egresses = usual;
    }
    std::erase_if(out.egresses, [&](const Egress& egress) {
        return !nodes.contains(egress.node) || !records_.at(egress.node).was_seen();
    });
    const auto is_drained = [&](const Egress& egress) { return records_.at(egress.node).drained; };
    if (!std::ranges::all_of(out.egresses, is_drained)) {
        std::erase_if(out.egresses, is_drained);
    }
    for (const auto& [name, domain] : domains_) {
        if (domain.service == out.name && domain.origin_ip.family() == out.vip.family()) {
            const std::uint16_t port = out.origins.empty() ? std::uint16_t{0} : out.origins.front().port;
            out.origins = {{domain.origin_ip, port, 1}};
        }
    }
    return out;
}

std::set<NodeId> DesiredState::node_ids() const {
    std::set<NodeId> out;
    for (const auto& [id, node] : nodes()) {
        out.insert(id);
    }
    return out;
}

NodeId DesiredState::find(const std::string& id_or_name) const {
    std::uint16_t number = 0;
    const char* const end = id_or_name.data() + id_or_name.size();
    const auto [at, problem] = std::from_chars(id_or_name.data(), end, number);
    const bool is_number = problem == std::errc{} && at == end;
    for (const auto& [id, record] : records_) {
        if (is_number ? raw(id) == number : record.name == id_or_name && record.state != NodeState::revoked) {
            return id;
        }
    }
    return kNoNode;
}

// A node that is new or changed comes with the secret of the link to it; the secrets of others only if theirs changed.
control::StaticUpdate DesiredState::update_for(NodeId node, std::uint64_t base) {
    const auto version = [](const Remembered& each) { return each.data.version; };
    const auto from = std::ranges::find(remembered_, base, version);
    const std::uint64_t key = from == remembered_.end() || base == 0 ? 0 : base;
    const StaticData& newest = remembered_.back().data;
    auto cached = updates_.find(key);
    if (cached == updates_.end()) {
        cached = updates_.emplace(key, key == 0 ? whole_update(newest) : update_between(from->data, newest)).first;
    }
    control::StaticUpdate out = cached->second;
    std::set<NodeId> told;
    for (const control::Node& peer : cached->second.nodes()) {
        told.insert(NodeId{static_cast<std::uint16_t>(peer.id())});
    }
    if (key != 0 && from->links != links_) {
        for (const auto& [peer, unused] : newest.nodes) {
            if (from->links->newest() != links_->newest() ||
                from->links->former(node, peer) != links_->former(node, peer)) {
                told.insert(peer);
            }
        }
    }
    told.erase(node);
    for (const NodeId peer : told) {
        add_secret(out, node, peer);
    }
    return out;
}

void DesiredState::add_secret(control::StaticUpdate& update, NodeId node, NodeId peer) const {
    const LinkSecret secret = derive_link_secret(root_of_.at(links_->newest()).view(), node, peer);
    const auto former = links_->former(node, peer);
    const LinkSecret before = former ? derive_link_secret(root_of_.at(*former).view(), node, peer) : LinkSecret{};
    *update.add_secrets() = secret_message(peer, secret, former ? &before : nullptr);
}

}  // namespace izar
