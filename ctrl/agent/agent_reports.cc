// agent_reports.cc -- What an agent tells its controller: its row of links, events, system samples, its wish for a new
// certificate.
#include <control.pb.h>

#include "ctrl/agent/agent.h"
#include "ctrl/frames/messages.h"
#include "ctrl/ring/link_body.h"

namespace izar {

void Agent::end_row(const ring::RowEnd& end) {
    row_is_whole_ = true;
    legs_ = std::exchange(next_legs_, {});
    stamp_port_ = end.stamp_port;
    take_flows(end.flows_and_one);
    if (!row_told_) {
        send_row();
    }
}

// That it holds none any more, or some again, does not wait for the next report: an operator may wait for it.
void Agent::take_flows(std::uint64_t flows_and_one) {
    const auto before = flows_;
    flows_ = flows_and_one == 0 ? std::nullopt : std::optional(flows_and_one - 1);
    if ((flows_ == 0U) != (before == 0U) && welcome_) {
        send_sample();
    }
}

void Agent::take_own_link(const ring::Link& body) {
    const auto link = read_link_body(body);
    if (!link || link->from != parts_.identity.id) {
        return;
    }
    const auto before = row_.find(link->to);
    const bool changed = before == row_.end() ? !link->reachable : before->second.reachable != link->reachable;
    row_.insert_or_assign(link->to, *link);
    if (changed && welcome_) {
        control::ToController event;
        event.mutable_link_event()->set_from(raw(link->from));
        *event.mutable_link_event()->mutable_item() = link_message(*link);
        send(event);
    }
}

// Of a dead izar-edge there is none: what it measured last says nothing of now.
void Agent::send_row() {
    if (!row_is_whole_ || channel_ == nullptr || !channel_->is_open()) {
        return;
    }
    control::ToController message;
    control::LinkRow& row = *message.mutable_link_row();
    rows_.write(row_, row);
    if (!row_.empty()) {
        row.set_capacity_bps(raw(row_.rbegin()->second.bandwidth.capacity));
    }
    row.set_stamp_port(stamp_port_);
    for (std::size_t i = 0; i < legs_.size(); ++i) {
        if (legs_[i].samples != 0) {
            *row.add_legs() = leg_message({static_cast<Leg>(i), legs_[i]}, parts_.loop.now());
        }
    }
    row_told_ = !row_.empty();
    channel_->send_newest(Newest::link_row, message_frame(message));
}

void Agent::send_sample() {
    control::ToController message;
    *message.mutable_system_sample() = sampler_.read();
    if (edge_runs_) {
        message.mutable_system_sample()->set_edge_runs(*edge_runs_);
    }
    if (flows_) {
        message.mutable_system_sample()->set_flows(*flows_);
    }
    channel_->send_newest(Newest::system_sample, message_frame(message));
}

void Agent::report() {
    if (welcome_ && channel_ != nullptr) {
        send_row();
        send_sample();
        renew();
    }
    report_timer_.start(kReportInterval, [this] { report(); });
}

void Agent::renew() {
    if (const auto request = renewal_.request(parts_.wall_clock(), parts_.loop.now())) {
        control::ToController message;
        message.mutable_renew()->set_certificate_request(*request);
        send(message);
    }
}

}  // namespace izar
