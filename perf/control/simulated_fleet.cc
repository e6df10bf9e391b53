#include "perf/control/simulated_fleet.h"

#include <control.pb.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "ctrl/frames/messages.h"

namespace izar {
namespace {

double in_ms(Nanos span) {
    return std::chrono::duration<double, std::milli>(span).count();
}

}  // namespace

SimulatedFleet::SimulatedFleet(EventLoop& loop, const FleetOptions& options, std::function<WallSeconds()> wall_clock)
    : loop_(loop),
      options_(options),
      wall_clock_(std::move(wall_clock)),
      random_(options.seed),
      mesh_(options.regions),
      rows_(mesh_, options.seed),
      row_timer_(loop),
      event_timer_(loop) {}

void SimulatedFleet::add(NodeId id, TlsContext tls) {
    mesh_.add(id, random_);
    agents_.push_back(std::make_unique<SimulatedAgent>(*this, agents_.size(), id, std::move(tls)));
}

void SimulatedFleet::connect(const SocketAddress& controller) {
    for (const auto& agent : agents_) {
        agent->channel =
            std::make_unique<Channel>(loop_, agent->tls, wall_clock_(), static_cast<ChannelEvents&>(*agent));
        if (auto begun = agent->channel->connect(controller); !begun) {
            failure = begun.error().text;
        }
    }
}

bool SimulatedFleet::all_open() const {
    return std::ranges::all_of(agents_, [](const auto& agent) { return agent->open; });
}

std::uint64_t SimulatedFleet::received() const {
    std::uint64_t out = 0;
    for (const auto& agent : agents_) {
        out += agent->received;
    }
    return out;
}

void SimulatedFleet::start_reports() {
    SimulatedAgent& agent = *agents_[next_row_];
    next_row_ = (next_row_ + 1) % agents_.size();
    if (agent.open) {
        rows_.write(agent.index);
        send_sample(agent);
    }
    send_rows();
    row_timer_.start(kRowInterval / static_cast<std::int64_t>(agents_.size()), [this] { start_reports(); });
}

void SimulatedFleet::start_events() {
    waiting_.reset();
    const std::size_t from = random_.below(agents_.size());
    const std::size_t to = (from + 1 + random_.below(agents_.size() - 1)) % agents_.size();
    tell_event(from, to, false);
    waiting_ = Waiting{agents_[from]->node, agents_[to]->node, loop_.now(), agents_.size() - 1};
    // It comes back when everybody has heard of its death: each event is alone.
    event_timer_.start(kEventInterval / 2, [this, from, to] {
        tell_event(from, to, true);
        event_timer_.start(kEventInterval / 2, [this] {
            events_lost_ += waiting_ && waiting_->left > 0 ? 1 : 0;
            if (waiting_ && heard_at && heard_at() > waiting_->begun) {
                told_.push_back(in_ms(heard_at() - waiting_->begun));
            }
            start_events();
        });
    });
}

void SimulatedFleet::forget_events() {
    latencies_.clear();
    told_.clear();
    events_lost_ = 0;
}

void SimulatedFleet::on_event(const control::LinkEvent& event) {
    if (on_death && !event.item().reachable()) {
        on_death();
    }
    if (waiting_ && !event.item().reachable() && event.from() == raw(waiting_->from) &&
        event.item().to() == raw(waiting_->to) && --waiting_->left == 0) {
        latencies_.push_back(in_ms(loop_.now() - waiting_->begun));
    }
}

std::optional<std::uint32_t> SimulatedFleet::generation_of(const std::string& summary) {
    if (summary != last_summary_) {
        last_summary_ = summary;
        const auto taken = receiver_.receive({reinterpret_cast<const std::uint8_t*>(summary.data()), summary.size()});
        last_generation_ = taken ? std::optional(*taken) : std::nullopt;
    }
    return last_generation_;
}

bool SimulatedFleet::on_static(const control::StaticUpdate& update) {
    static_left_ -= static_left_ > 0 ? 1 : 0;
    if (update.version() <= static_.version) {
        return true;
    }
    if (!apply_update(update, static_)) {
        return false;
    }
    rows_.set_static(std::make_shared<const StaticData>(static_));
    return true;
}

void SimulatedFleet::on_row_taken(SimulatedAgent& agent, const control::RowTaken& taken) {
    if (options_.summaries) {
        rows_.take(agent.index, taken);
    }
}

void SimulatedFleet::send_rows() {
    for (RowWriter::Row& row : rows_.take_written()) {
        ++rows_told_.rows;
        rows_told_.summaries += row.is_summary ? 1 : 0;
        rows_told_.bytes += row.frame.size();
        agents_[row.agent]->channel->send_newest(Newest::link_row, std::move(row.frame));
    }
}

void SimulatedFleet::send_sample(SimulatedAgent& agent) {
    control::ToController message;
    control::SystemSample& sample = *message.mutable_system_sample();
    sample.set_cpu_cores(32);
    sample.set_cpu_model_name("a simulated processor");
    sample.set_cpu_usage_percent(static_cast<double>(20 + random_.below(60)));
    sample.set_memory_total_bytes(std::uint64_t{64} << 30);
    sample.set_memory_available_bytes(std::uint64_t{32} << 30);
    sample.set_hostname(fmt::format("n{}", agent.index));
    sample.set_uptime_s(1'000);
    sample.set_load1(6);
    agent.channel->send_newest(Newest::system_sample, message_frame(message));
}

void SimulatedFleet::tell_event(std::size_t from, std::size_t to, bool reachable) {
    control::ToController message;
    FeedLink told = mesh_.link(from, to, random_);
    told.reachable = reachable;
    message.mutable_link_event()->set_from(raw(told.from));
    *message.mutable_link_event()->mutable_item() = link_message(told);
    agents_[from]->send(message);
}

void SimulatedAgent::send(const control::ToController& message) {
    channel->send(message_frame(message));
}

void SimulatedAgent::on_open() {
    open = true;
    control::ToController hello;
    hello.mutable_hello()->set_boot(index + 1);
    hello.mutable_hello()->set_software("control_fleet");
    send(hello);
}

bool SimulatedAgent::on_message(std::span<const std::uint8_t> payload) {
    received += payload.size();
    const auto message = read_message<control::ToAgent>(payload);
    if (!message || message->has_refused()) {
        fleet.failure = message ? message->refused().why() : "a message that is none";
        return false;
    }
    control::ToController answer;
    if (message->has_static_update()) {
        const bool taken = fleet.on_static(message->static_update());
        answer.mutable_static_taken()->set_version(message->static_update().version());
        answer.mutable_static_taken()->set_whole_wanted(!taken);
        send(answer);
    } else if (message->has_mesh_update()) {
        const auto generation = fleet.generation_of(message->mesh_update().summary());
        answer.mutable_mesh_taken()->set_generation(generation.value_or(0));
        answer.mutable_mesh_taken()->set_whole_wanted(!generation);
        send(answer);
    } else if (message->has_row_taken()) {
        fleet.on_row_taken(*this, message->row_taken());
    } else if (message->has_link_event()) {
        fleet.on_event(message->link_event());
    }
    return true;
}

void SimulatedAgent::on_end(const std::string& why) {
    open = false;
    fleet.failure = fmt::format("agent {} was cut off: {}", raw(node), why);
}

}  // namespace izar
