#include "dataplane/flow/tcp_state.h"

#include <algorithm>

#include "dataplane/flow/flow_time.h"

namespace izar {
namespace {

bool is_opening_syn(std::uint8_t flags) {
    return (flags & (kTcpSyn | kTcpAck | kTcpRst | kTcpFin)) == kTcpSyn;
}

TcpState after_fin(TcpState state, Direction direction) {
    const TcpState own = direction == Direction::forward ? TcpState::client_closed : TcpState::origin_closed;
    const bool first_fin = state == TcpState::opening || state == TcpState::established || state == own;
    return first_fin ? own : TcpState::closing;
}

}  // namespace

TcpState first_tcp_state(std::uint8_t flags) noexcept {
    return is_opening_syn(flags) ? TcpState::opening
                                 : next_tcp_state(TcpState::established, Direction::forward, flags).state;
}

TcpStep next_tcp_state(TcpState state, Direction direction, std::uint8_t flags) noexcept {
    const bool over = state == TcpState::closing || state == TcpState::closed;
    if ((flags & kTcpRst) != 0) {
        return {TcpState::closed, false};
    }
    if (over && direction == Direction::forward && is_opening_syn(flags)) {
        return {TcpState::opening, true};
    }
    if (state == TcpState::closed) {
        return {state, false};
    }
    if ((flags & kTcpFin) != 0) {
        return {after_fin(state, direction), false};
    }
    // The client answers the origin's SYN-ACK, so the origin has answered.
    if (state == TcpState::opening && direction == Direction::forward && (flags & kTcpSyn) == 0) {
        return {TcpState::established, false};
    }
    return {state, false};
}

Nanos flow_timeout(IpProtocol protocol, TcpState state, const FlowTimeouts& timeouts) noexcept {
    const Nanos wanted = [&] {
        switch (protocol) {
            case IpProtocol::tcp:
                break;
            case IpProtocol::udp:
                return timeouts.udp;
            case IpProtocol::icmp:
            case IpProtocol::icmpv6:
                return timeouts.icmp;
        }
        switch (state) {
            case TcpState::opening:
                return timeouts.tcp_opening;
            case TcpState::established:
                return timeouts.tcp_established;
            case TcpState::client_closed:
            case TcpState::origin_closed:
            case TcpState::closing:
            case TcpState::closed:
                break;
        }
        return timeouts.tcp_closing;
    }();
    return std::min(wanted, kLongestFlowTimeout);
}

}  // namespace izar
