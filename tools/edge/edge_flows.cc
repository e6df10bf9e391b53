// edge_flows.cc -- EdgeView::flows(): rows of `show flows` from the lcores' flow windows.
#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "tools/edge/edge_view.h"

namespace izar {
namespace {

std::string endpoint(const IpAddress& address, Be16 port) {
    return address.family() == Family::ipv4 ? fmt::format("{}:{}", address.text(), port.value())
                                            : fmt::format("[{}]:{}", address.text(), port.value());
}

std::string protocol_name(IpProtocol protocol) {
    switch (protocol) {
        case IpProtocol::tcp:
            return "tcp";
        case IpProtocol::udp:
            return "udp";
        default:
            return "icmp";
    }
}

std::string state_name(IpProtocol protocol, TcpState state) {
    if (protocol != IpProtocol::tcp) {
        return "active";
    }
    switch (state) {
        case TcpState::opening:
            return "opening";
        case TcpState::established:
            return "established";
        default:
            return "closing";
    }
}

struct RowMaker {
    const EdgeProcess& edge;
    std::uint16_t lcore;
    Instant at;

    std::string name(NodeId id) const {
        const NodeSlot slot = edge.fleet().slot(id);
        return slot == kNoSlot ? "" : edge.fleet().node(slot).name;
    }

    // A slot of the lcores' fleet, which may be ahead of this thread's by nodes just added.
    std::string name(NodeSlot slot) const {
        const auto& nodes = edge.fleet().nodes;
        return raw(slot) < nodes.size() ? nodes[raw(slot)].name : "";
    }

    template <typename Address>
    FlowRow row(const Flow<Address>& flow) const {
        FlowRow out;
        const int service = edge.services().find(flow.service);
        out.service = service < 0 ? "" : edge.services()[service].name;
        out.protocol = protocol_name(flow.protocol);
        out.client = endpoint(IpAddress{flow.client}, flow.client_port);
        out.vip = endpoint(IpAddress{flow.vip}, flow.vip_port);
        out.state = state_name(flow.protocol, flow.tcp_state);
        out.egress = name(flow.egress);
        out.ingress = name(flow.ingress);
        if (flow.has_session()) {
            const bool local = flow.ingress == edge.config().id;
            out.role = local ? "both" : "egress";
            out.origin = endpoint(IpAddress{flow.origin}, flow.origin_port);
            out.translation = endpoint(IpAddress{flow.nat_address}, flow.nat_port);
        } else {
            out.role = "ingress";
            out.ingress = edge.config().name;
        }
        for (const NodeId segment : flow.segments) {
            if (segment != kNoNode) {
                out.path.push_back(name(segment));
            }
        }
        out.idle_ms = static_cast<double>(elapsed(flow.last_packet, FlowTime::of(at)).count()) / 1e6;
        out.lcore = lcore;
        return out;
    }
};

// The lcore's picture, asked for and waited for, or nothing if it does not come in time.
std::optional<FlowPicture> look(FlowWindow& window, Nanos patience, const TscClock& clock) {
    window.ask();
    const Instant until = clock.now() + patience;
    while (clock.now() < until) {
        if (auto picture = window.take()) {
            return picture;
        }
        std::this_thread::sleep_for(std::chrono::microseconds{200});
    }
    return std::nullopt;
}

}  // namespace

FlowPage EdgeView::flows(std::size_t most) const {
    FlowPage out;
    for (std::size_t i = 0; i < edge_.lcores().size(); ++i) {
        const LcoreCounters counters = edge_.lcores()[i]->snapshot.read();
        out.total += counters.flows;
        out.capacity += counters.flow_capacity;
        out.exhausted += counters.flows_refused + counters.flows_ipv6_refused;
        const auto picture = look(edge_.lcores()[i]->window, kPatience, edge_.clock());
        if (!picture) {
            continue;
        }
        const RowMaker maker{edge_, static_cast<std::uint16_t>(i), picture->at};
        for (const auto& flow : picture->ipv4) {
            out.rows.push_back(maker.row(flow));
        }
        for (const auto& flow : picture->ipv6) {
            out.rows.push_back(maker.row(flow));
        }
    }
    out.rows.resize(std::min(out.rows.size(), most));
    return out;
}

}  // namespace izar
