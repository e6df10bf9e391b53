#include "ctrl/ring/edge_feed.h"

#include "ctrl/ring/link_body.h"
#include "dataplane/base/check.h"

namespace izar {

using ring::Kind;

EdgeFeed::EdgeFeed(std::unique_ptr<RingEnd> end, std::shared_ptr<const Fleet> own,
                   std::shared_ptr<const RoutingPolicies> policies, RowSources sources)
    : end_(std::move(end)), sources_(std::move(sources)), assembly_(std::move(own), std::move(policies)) {}

bool EdgeFeed::do_work(Instant now, const Mesh& mesh, FeedRing& feed) {
    if (end_->poll(now)) {
        assembly_.forget();
        told_.clear();
        row_due_ = now;
        row_begun_ = false;
        config_told_ = false;
    }
    notice_silence(now, feed);
    const bool received = receive(feed);
    if (end_->synchronised() && agent_there_ && now - looked_at_ >= kLookInterval) {
        looked_at_ = now;
        report_links(now, mesh);
        tell_config();
    }
    return received;
}

// An agent that died leaves its feed frozen: measurements of other nodes do not age away.
void EdgeFeed::notice_silence(Instant now, FeedRing& feed) {
    const bool there = end_->peer_is_alive(now);
    if (agent_there_ && !there && feed.write_available() > 0) {
        const auto update = std::make_shared<FeedUpdate>();
        update->life = FeedLife::silent;
        CHECK(feed.push(update));
        agent_there_ = false;
    }
    agent_there_ |= there;
}

bool EdgeFeed::receive(FeedRing& feed) {
    std::size_t taken = 0;
    // Two places: one for the update of a message, one for what is gathered at the end.
    while (taken < kMessagesARound && feed.write_available() >= 2) {
        const auto message = end_->receive();
        if (!message) {
            break;
        }
        ++taken;
        if (message->kind == Kind::stamp_task) {
            take_stamp_task(ring::body_of<ring::StampTask>(*message));
        } else {
            push(assembly_.take(*message), feed);
        }
    }
    if (taken > 0) {
        if (const auto gathered = assembly_.take_gathered()) {
            CHECK(feed.push(gathered));
        }
    }
    return taken > 0;
}

bool EdgeFeed::push(const FeedAssembly::Output& output, FeedRing& feed) {
    if (output.update == nullptr) {
        return false;
    }
    if (output.version) {
        static_ = *output.update;
        secrets_ = output.secrets;
        told_.clear();  // slots may be new
        end_->send(Kind::static_taken, ring::StaticCommit{*output.version});
    }
    CHECK(feed.push(output.update));
    return true;
}

void EdgeFeed::take_stamp_task(const ring::StampTask& body) {
    if (const auto session = read_stamp_task(body)) {
        stamp_sessions_.push_back(*session);
    } else {
        end_->send(Kind::stamp_result, ring::StampResult{.task = body.task, .over = 1});
    }
}

void EdgeFeed::tell(const StampReport& report, Instant now) {
    end_->send(Kind::stamp_result, stamp_result_body(report, now));
}

void EdgeFeed::set_config_state(const ConfigState& state) {
    config_ = config_messages(state);
    config_told_ = false;
}

// All of it or, where there is no room, nothing until the next look.
void EdgeFeed::tell_config() {
    if (config_told_ || end_->room() < config_.size()) {
        return;
    }
    for (const ring::Message& message : config_) {
        CHECK(end_->send(message));
    }
    config_told_ = true;
}

std::optional<FeedUpdate> EdgeFeed::take_static() {
    return std::exchange(static_, std::nullopt);
}

std::optional<std::vector<FeedAssembly::PeerSecret>> EdgeFeed::take_secrets() {
    return std::exchange(secrets_, std::nullopt);
}

bool EdgeFeed::send_link(const Mesh& mesh, NodeSlot slot, Instant now) {
    const Fleet& fleet = *assembly_.fleet();
    if (slot == mesh.self() || fleet.node(slot).id == kNoNode) {
        return true;
    }
    const LinkView view = mesh.link(mesh.self(), slot, now);
    if (view.state == LinkState::unknown) {
        return true;
    }
    FeedLink link;
    link.from = fleet.node(mesh.self()).id;
    link.to = fleet.node(slot).id;
    link.reachable = view.state == LinkState::up;
    link.rtt = view.rtt;
    link.variation = view.variation;
    link.loss = view.loss;
    link.count = static_cast<std::uint32_t>(std::min<std::uint64_t>(view.count, 0xFFFFFFFF));
    link.bandwidth = mesh.own_link(slot).bandwidth();
    if (!end_->send(Kind::own_link, link_body(link))) {
        return false;
    }
    told_[raw(slot)] = view.state;
    return true;
}

// What changed at once, and everything once a second; what finds no room is tried again at the next look.
void EdgeFeed::report_links(Instant now, const Mesh& mesh) {
    const std::size_t nodes = std::min(mesh.nodes(), assembly_.fleet()->nodes.size());
    if (mesh.self() == kNoSlot || nodes == 0) {
        return;
    }
    told_.resize(nodes, LinkState::unknown);
    for (std::size_t i = 0; i < nodes; ++i) {
        const NodeSlot slot{static_cast<std::uint16_t>(i)};
        const LinkState state = slot == mesh.self() ? told_[i] : mesh.link(mesh.self(), slot, now).state;
        if (state != told_[i] && !send_link(mesh, slot, now)) {
            return;
        }
    }
    if (!row_begun_ && now >= row_due_) {
        row_begun_ = true;
        row_at_ = NodeSlot{0};
        row_due_ = now + kRowInterval;
    }
    while (row_begun_ && raw(row_at_) < nodes) {
        if (!send_link(mesh, row_at_, now)) {
            return;
        }
        row_at_ = NodeSlot{static_cast<std::uint16_t>(raw(row_at_) + 1)};
    }
    if (row_begun_) {
        row_begun_ = !end_row(now);
    }
}

// A leg may be told twice, when there is no room for what follows it.
bool EdgeFeed::end_row(Instant now) {
    const LegMeasurements legs = sources_.legs == nullptr ? LegMeasurements{} : sources_.legs(now);
    for (std::size_t i = 0; i < legs.size(); ++i) {
        const MeasuredLeg leg{static_cast<Leg>(i), legs[i]};
        if (leg.measured.samples != 0 && !end_->send(Kind::own_leg, leg_body(leg, now))) {
            return false;
        }
    }
    const std::uint64_t flows_and_one = sources_.held_flows == nullptr ? 0 : sources_.held_flows() + 1;
    return end_->send(Kind::own_row_end, ring::RowEnd{.version = assembly_.fleet()->version,
                                                      .flows_and_one = flows_and_one,
                                                      .stamp_port = sources_.stamp_port,
                                                      .pad = {}});
}

}  // namespace izar
