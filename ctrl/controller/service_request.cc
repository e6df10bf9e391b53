#include "ctrl/controller/service_request.h"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "dataplane/tables/service_rules.h"

namespace izar {
namespace {

using Json = nlohmann::json;

void read_vip(OperatorRequest& request, Service& service) {
    if (request.has("vip") || service.vip.is_unspecified()) {
        service.vip = request.address("vip");
    }
}

void read_node_vips(const DesiredState& desired, OperatorRequest& request, std::vector<NodeVip>& node_vips) {
    if (!request.has("vips_at")) {
        return;
    }
    node_vips.clear();
    for (const Json& each : request.list("vips_at")) {
        OperatorRequest vip(each);
        const std::string name = vip.node("node");
        const NodeVip out{.node = desired.find(name), .address = vip.address("address")};
        if (out.node == kNoNode) {
            vip.refuse(fmt::format("'{}' is no node; `izar nodes` lists them", name));
        }
        if (vip.problem()) {
            request.refuse(fmt::format("vips_at[{}]: {}", node_vips.size(), vip.problem()->text));
        }
        node_vips.push_back(out);
    }
}

void read_transport(OperatorRequest& request, Service& service) {
    static const std::map<std::string, Transport> transports{
        {"tcp", Transport::tcp}, {"udp", Transport::udp}, {"icmp", Transport::icmp}};
    if (!request.has("protocol")) {
        return;
    }
    const auto transport = transports.find(request.text("protocol"));
    if (transport == transports.end()) {
        request.refuse("'protocol' must be tcp, udp or icmp");
        return;
    }
    if (service.transport == Transport::icmp && transport->second != Transport::icmp) {
        service.last_port = PortRange{}.last;
    }
    service.transport = transport->second;
}

// Requires the transport.
void read_ports(OperatorRequest& request, Service& service) {
    if (request.has("first_port") != request.has("last_port")) {
        request.refuse("'first_port' and 'last_port' go together");
    } else if (request.has("first_port")) {
        service.first_port = static_cast<std::uint16_t>(request.number("first_port", 0, 65'535));
        service.last_port = static_cast<std::uint16_t>(request.number("last_port", 0, 65'535));
    } else if (service.transport == Transport::icmp) {
        service.first_port = service.last_port = 0;
    }
}

void read_egresses(const DesiredState& desired, OperatorRequest& request, Service& service) {
    if (!request.has("egresses")) {
        return;
    }
    service.egresses.clear();
    for (const Json& each : request.list("egresses")) {
        const std::string name = each.is_string() ? each.get<std::string>() : each.dump();
        const NodeId node = desired.find(name);
        if (node == kNoNode) {
            request.refuse(fmt::format("egress '{}' is no node; `izar nodes` lists them", name));
        }
        service.egresses.push_back({node, 1});
    }
}

void read_origins(OperatorRequest& request, Service& service) {
    if (!request.has("origins")) {
        if (service.origins.empty()) {
            request.refuse("'origins' is missing");
        }
        return;
    }
    service.origins.clear();
    for (const Json& each : request.list("origins")) {
        OperatorRequest origin(each);
        Origin out;
        out.address = origin.address("address");
        out.port = static_cast<std::uint16_t>(origin.number("port", 0, 65'535));
        out.weight = static_cast<std::uint32_t>(origin.number("weight", 1, kMostWeight));
        if (origin.problem()) {
            request.refuse(fmt::format("origins[{}]: {}", service.origins.size(), origin.problem()->text));
        }
        service.origins.push_back(out);
    }
}

}  // namespace

void read_service_keys(const DesiredState& desired, OperatorRequest& request, ServiceRecord& record) {
    Service& service = record.service;
    read_vip(request, service);
    read_node_vips(desired, request, record.node_vips);
    read_transport(request, service);
    read_ports(request, service);
    service.duplicate = request.flag("duplicate", service.duplicate);
    read_egresses(desired, request, service);
    read_origins(request, service);
}

}  // namespace izar
