#include "ctrl/controller/agent_session.h"

#include <control.pb.h>

#include "ctrl/frames/messages.h"

namespace izar {

AgentSession::AgentSession(EventLoop& loop, const TlsContext& context, WallSeconds now, SessionEvents& events,
                           SocketAddress from)
    : events_(events), from_(from), channel_(loop, context, now, *this) {
    channel_.set_longest_frame(kLongestFirstFrame);
}

void AgentSession::send(const control::ToAgent& message) {
    channel_.send(message_frame(message));
}

void AgentSession::send_newest(Newest key, const control::ToAgent& message) {
    channel_.send_newest(key, message_frame(message));
}

void AgentSession::refuse(const std::string& why) {
    control::ToAgent message;
    message.mutable_refused()->set_why(why);
    send(message);
    refused_ = true;
    node_ = kNoNode;
}

void AgentSession::on_open() {
    peer_ = channel_.peer();
}

bool AgentSession::on_message(std::span<const std::uint8_t> payload) {
    const auto message = read_message<control::ToController>(payload);
    if (!message || refused_) {
        return refused_;  // what was on its way when it was refused is not held against it
    }
    if (message->has_join()) {
        const bool first = peer_.node == kNoNode && !std::exchange(joined_, true);
        if (first) {
            events_.on_join(*this, *message);
        }
        return first;
    }
    if (message->has_hello() && peer_.node != kNoNode) {
        if (!events_.admits(peer_)) {
            refuse("this node's certificate is not accepted any more; ask the operator for a new token");
            return true;
        }
        node_ = peer_.node;
        channel_.set_longest_frame(kLongestFrame);
        static_store = message->hello().store();
        static_sent = static_taken = message->hello().static_version();
        hears_edge = !message->hello().has_edge_runs() || message->hello().edge_runs();
        events_.on_agent(*this);
        return true;
    }
    return is_known() && events_.on_report(*this, *message);
}

void AgentSession::on_end(const std::string& why) {
    events_.on_session_end(*this, why);
}

}  // namespace izar
