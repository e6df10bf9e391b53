#include "ctrl/frames/static_data.h"

#include <control.pb.h>
#include <fmt/format.h>

#include <algorithm>

#include "ctrl/frames/messages.h"
#include "dataplane/base/limits.h"
#include "sched/policy_file.h"

namespace izar {
namespace {

using Secrets = std::map<NodeId, LinkSecret>;

bool same_secret(const Secrets& from, const Secrets& to, NodeId peer) {
    const auto before = from.find(peer);
    const auto after = to.find(peer);
    return before == from.end() || after == to.end() ? before == from.end() && after == to.end()
                                                     : before->second == after->second;
}

void add_secrets(const StaticData& from, const StaticData& to, control::StaticUpdate& update) {
    for (const auto& [peer, secret] : to.secrets) {
        if (same_secret(from.secrets, to.secrets, peer) && same_secret(from.former_secrets, to.former_secrets, peer)) {
            continue;
        }
        const auto former = to.former_secrets.find(peer);
        *update.add_secrets() =
            secret_message(peer, secret, former == to.former_secrets.end() ? nullptr : &former->second);
    }
}

bool read_secret(const std::string& bytes, LinkSecret& out) {
    if (bytes.size() != out.size()) {
        return false;
    }
    std::ranges::copy(bytes, out.begin());
    return true;
}

template <typename Value>
std::string serialized(const Value& value) {
    if constexpr (std::is_same_v<Value, FleetNode>) {
        return node_message(value).SerializeAsString();
    } else {
        return service_message(value).SerializeAsString();
    }
}

// Calls added(value) for what is new or different in `to`, removed(key) for what is gone.
template <typename Map, typename Added, typename Removed>
void compare(const Map& from, const Map& to, Added added, Removed removed) {
    for (const auto& [key, value] : to) {
        const auto before = from.find(key);
        if (before == from.end() || serialized(before->second) != serialized(value)) {
            added(value);
        }
    }
    for (const auto& [key, value] : from) {
        if (!to.contains(key)) {
            removed(key);
        }
    }
}

Result<void> apply_nodes(const control::StaticUpdate& update, StaticData& data) {
    for (const std::uint32_t id : update.removed_nodes()) {
        data.nodes.erase(NodeId{static_cast<std::uint16_t>(id)});
        data.secrets.erase(NodeId{static_cast<std::uint16_t>(id)});
        data.former_secrets.erase(NodeId{static_cast<std::uint16_t>(id)});
    }
    for (const control::Node& message : update.nodes()) {
        auto node = read_node(message);
        if (!node) {
            return tl::unexpected(node.error());
        }
        data.nodes.insert_or_assign(node->id, *node);
    }
    return data.nodes.size() <= kMaxNodes ? Result<void>{} : fail(fmt::format("more than {} nodes", kMaxNodes));
}

Result<void> apply_services(const control::StaticUpdate& update, StaticData& data) {
    for (const std::uint32_t id : update.removed_services()) {
        data.services.erase(ServiceId{id});
    }
    for (const control::Service& message : update.services()) {
        auto service = read_service(message);
        if (!service) {
            return tl::unexpected(service.error());
        }
        data.services.insert_or_assign(service->id, *service);
    }
    return data.services.size() <= kMaxServices ? Result<void>{}
                                                : fail(fmt::format("more than {} services", kMaxServices));
}

Result<void> apply_secrets(const control::StaticUpdate& update, StaticData& data) {
    for (const control::LinkSecret& message : update.secrets()) {
        LinkSecret secret{};
        LinkSecret former{};
        const bool has_former = !message.former().empty();
        if (!read_secret(message.secret(), secret) || (has_former && !read_secret(message.former(), former)) ||
            message.peer() == 0 || message.peer() > 65'535) {
            return fail("a link secret has no 32 bytes or no peer");
        }
        const NodeId peer{static_cast<std::uint16_t>(message.peer())};
        data.secrets.insert_or_assign(peer, secret);
        data.former_secrets.erase(peer);
        if (has_former) {
            data.former_secrets.emplace(peer, former);
        }
    }
    return {};
}

// The text is not read here: a node that is older than its controller keeps the link to it, whatever the file says.
Result<void> apply_policy(const control::StaticUpdate& update, StaticData& data) {
    if (update.routing_policy().size() > kMaxPolicyBytes) {
        return fail(fmt::format("a routing policy of more than {} bytes", kMaxPolicyBytes));
    }
    data.routing_policy = update.has_routing_policy() ? update.routing_policy() : data.routing_policy;
    return {};
}

}  // namespace

control::LinkSecret secret_message(NodeId peer, const LinkSecret& secret, const LinkSecret* former) {
    control::LinkSecret out;
    out.set_peer(raw(peer));
    out.set_secret(std::string(secret.begin(), secret.end()));
    if (former != nullptr) {
        out.set_former(std::string(former->begin(), former->end()));
    }
    return out;
}

control::StaticUpdate whole_update(const StaticData& data) {
    control::StaticUpdate out = update_between(StaticData{}, data);
    out.set_whole(true);
    return out;
}

control::StaticUpdate update_between(const StaticData& from, const StaticData& to) {
    control::StaticUpdate out;
    out.set_base(from.version);
    out.set_version(to.version);
    out.set_store(to.store);
    compare(
        from.nodes, to.nodes, [&](const FleetNode& node) { *out.add_nodes() = node_message(node); },
        [&](NodeId id) { out.add_removed_nodes(raw(id)); });
    compare(
        from.services, to.services, [&](const Service& service) { *out.add_services() = service_message(service); },
        [&](ServiceId id) { out.add_removed_services(raw(id)); });
    add_secrets(from, to, out);
    if (from.routing_policy != to.routing_policy) {
        out.set_routing_policy(to.routing_policy);
    }
    return out;
}

Result<void> apply_update(const control::StaticUpdate& update, StaticData& data) {
    if (!update.whole() && update.base() != data.version) {
        return fail(fmt::format("a change of version {}, but version {} is here", update.base(), data.version));
    }
    if (!update.whole() && update.store() != data.store) {
        return fail("a change of another store's static data");
    }
    StaticData next = update.whole() ? StaticData{} : data;
    next.version = update.version();
    next.store = update.store();
    for (const auto apply : {apply_nodes, apply_services, apply_secrets, apply_policy}) {
        if (auto done = apply(update, next); !done) {
            return done;
        }
    }
    data = std::move(next);
    return {};
}

}  // namespace izar
