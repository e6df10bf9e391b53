#include "ctrl/agent/agent.h"

#include <control.pb.h>
#include <fmt/format.h>

#include <algorithm>

#include "ctrl/frames/messages.h"
#include "ctrl/mesh/mesh_links.h"
#include "ctrl/ring/leg_body.h"
#include "ctrl/ring/stamp_body.h"
#include "dataplane/base/check.h"

namespace izar {

Agent::Agent(AgentParts parts)
    : parts_(std::move(parts)),
      renewal_(parts_.identity, parts_.tls, parts_.folder),
      feed_(parts_.ring, parts_.identity.id),
      group_(
          parts_.loop, parts_.identity.id, [this](const control::ToController& message) { send(message); },
          [this](const StampSession& session) {
              return parts_.ring.peer_minor_version() >= ring::kStampMinorVersion &&
                     parts_.ring.send(ring::Kind::stamp_task, stamp_task_body(session));
          }),
      ring_timer_(parts_.loop),
      report_timer_(parts_.loop),
      retry_timer_(parts_.loop) {
    static_ = load_static_data(parts_.folder, parts_.identity);
    feed_.set_static(static_);
    follow_nodes();
}

Agent::~Agent() = default;

void Agent::start() {
    begun_ = parts_.loop.now();
    connect();
    hear_bell();
    look_at_ring();
    report();
}

void Agent::hear_bell() {
    FileDescriptor bell = parts_.ring.bell();
    const int descriptor = bell.get();
    bell_rang_ = std::make_shared<std::function<void()>>([this] { look_at_ring(); });
    parts_.loop.watch(std::move(bell), [descriptor, call = std::weak_ptr(bell_rang_)] {
        hush_bell(descriptor);
        if (const auto rang = call.lock()) {
            (*rang)();
        }
    });
}

void Agent::connect() {
    former_.reset();
    controller_ = parts_.controllers[next_controller_ % parts_.controllers.size()];
    ++next_controller_;
    channel_ =
        std::make_unique<Channel>(parts_.loop, parts_.tls, parts_.wall_clock(), static_cast<ChannelEvents&>(*this));
    channel_->count_in(channel_counts_);
    if (auto begun = channel_->connect(controller_); !begun) {
        on_end(begun.error().text);
    }
}

void Agent::set_controllers(std::vector<SocketAddress> controllers) {
    CHECK(!controllers.empty());
    parts_.controllers = std::move(controllers);
    next_controller_ = 0;
    if (channel_ != nullptr && std::ranges::find(parts_.controllers, controller_) == parts_.controllers.end()) {
        channel_->close();
        on_end("it is not listed any more");
    }
}

void Agent::on_open() {
    control::ToController message;
    message.mutable_hello()->set_boot(parts_.boot);
    message.mutable_hello()->set_static_version(static_.version);
    message.mutable_hello()->set_store(static_.store);
    message.mutable_hello()->set_software("izar " IZAR_VERSION);
    message.mutable_hello()->set_edge_runs(edge_runs_ == true);
    send(message);
    row_told_ = false;
    rows_.begin();
    send_row();
}

void Agent::on_end(const std::string& why) {
    const std::string refusal = std::exchange(refusal_, {});
    tell_end(refusal.empty() ? why : refusal);
    if (std::exchange(welcome_, false)) {
        group_.set_taking_part(false);
        pause_ = kFirstPause;
    }
    feed_.set_life(FeedLife::silent);
    former_ = std::move(channel_);
    retry();
}

// Tries go on until one is served, and most end like those before: what they say is said once.
void Agent::tell_end(const std::string& why) {
    if (welcome_) {
        parts_.log(fmt::format("the controller is gone ({}); izar-edge goes on with what it has", why));
        ends_told_.clear();
    } else if (std::string end = fmt::format("controller {} does not serve: {}", controller_.text(), why);
               ends_told_.insert(end).second) {
        parts_.log(end);
    }
}

// With a random part, so that a controller that comes back does not meet all agents at once. A pause is for the whole
// list of controllers: of several, most stand by, and the one that leads should be found soon.
void Agent::retry() {
    const std::size_t controllers = parts_.controllers.size();
    const auto half = pause_ / 2 / static_cast<std::int64_t>(controllers);
    const Nanos pause = half + half * parts_.random.below(1'000) / 1'000;
    if (next_controller_ % controllers == 0) {
        pause_ = std::min(pause_ * 2, kLongestPause);
    }
    retry_timer_.start(pause, [this] { connect(); });
}

bool Agent::on_message(std::span<const std::uint8_t> payload) {
    const auto message = read_message<control::ToAgent>(payload);
    if (!message) {
        return false;
    }
    if (message->has_refused()) {
        refusal_ = fmt::format("it refuses this node: {}", message->refused().why());
        pause_ = kLongestPause;
        return false;
    }
    if (!std::exchange(welcome_, true)) {
        parts_.log("a controller answers");
        pause_ = kFirstPause;
        feed_.set_life(FeedLife::live);
        group_.set_taking_part(edge_runs_ == true);
    }
    if (message->has_static_update()) {
        take_static(message->static_update());
    } else if (message->has_mesh_update()) {
        take_mesh(message->mesh_update());
    } else if (message->has_link_event()) {
        const std::uint32_t from = message->link_event().from();
        if (const auto link = read_link(NodeId{static_cast<std::uint16_t>(from)}, message->link_event().item())) {
            feed_.link_changed(*link);
        }
    } else if (message->has_node_event()) {
        feed_.set_withdrawn(NodeId{static_cast<std::uint16_t>(message->node_event().node())},
                            message->node_event().withdrawn());
    } else if (message->has_group_state()) {
        group_.take_state(message->group_state());
    } else if (message->has_probe_tasks()) {
        group_.take_tasks(message->probe_tasks());
    } else if (message->has_group_loads()) {
        group_.take_loads(message->group_loads());
    } else if (message->has_row_taken()) {
        if (rows_.take(message->row_taken())) {
            send_row();
        }
    } else if (message->has_renewed()) {
        const auto taken = renewal_.take(message->renewed().certificate());
        parts_.log(taken ? "this node's certificate is renewed" : taken.error().text);
    }
    feed();
    return true;
}

void Agent::take_static(const control::StaticUpdate& update) {
    control::ToController answer;
    if (auto done = apply_update(update, static_); !done) {
        parts_.log(fmt::format("static data {} does not fit: {}", update.version(), done.error().text));
        answer.mutable_static_taken()->set_whole_wanted(!update.whole());
    } else {
        feed_.set_static(static_);
        feed();  // to izar-edge first, to disk then
        follow_nodes();
        if (auto saved = save_static_data(parts_.folder, parts_.identity, static_); !saved) {
            parts_.log(saved.error().text);
        }
    }
    answer.mutable_static_taken()->set_version(static_.version);
    send(answer);
}

// Its group and what there is to probe follow from static data. The numbering of nodes in summaries changes only with
// the set of nodes.
void Agent::follow_nodes() {
    std::vector<NodeId> nodes;
    for (const auto& [id, node] : static_.nodes) {
        nodes.push_back(id);
    }
    group_.set_static(static_);
    rows_.set_static(static_);
    std::erase_if(row_, [&](const auto& link) { return !static_.nodes.contains(link.first); });
    if (nodes != mesh_nodes_) {
        mesh_nodes_ = std::move(nodes);
        mesh_ = SummaryReceiver{};
    }
}

void Agent::take_mesh(const control::MeshUpdate& update) {
    const std::string& summary = update.summary();
    control::ToController answer;
    if (update.nodes_digest() != nodes_digest(mesh_nodes_)) {
        return;  // of other nodes: the next one is of ours
    }
    const auto taken = mesh_.receive({reinterpret_cast<const std::uint8_t*>(summary.data()), summary.size()});
    if (!taken) {
        answer.mutable_mesh_taken()->set_whole_wanted(true);
    } else {
        answer.mutable_mesh_taken()->set_generation(*taken);
        feed_mesh();
    }
    send(answer);
}

void Agent::feed_mesh() {
    if (const MeshSummary* const newest = mesh_.newest()) {
        feed_.set_mesh(links_of(*newest, mesh_nodes_));
        feed_.set_loads(loads_of(*newest, mesh_nodes_));
    }
}

void Agent::feed() {
    if (feed_.do_work()) {
        ring_timer_.start(kRingInterval, [this] { look_at_ring(); });  // there is room soon, and no bell for it
    }
}

void Agent::look_at_ring() {
    if (parts_.ring.poll(parts_.loop.now())) {
        parts_.log("izar-edge is here");
        forget_edge();
        feed_.resend();
        feed_mesh();
    }
    notice_edge();
    while (const auto message = parts_.ring.receive()) {
        take_from_edge(*message);
    }
    const bool waits = feed_.do_work();
    const bool may_sleep = !waits && parts_.ring.sleep();
    ring_timer_.start(may_sleep ? kBellInterval : kRingInterval, [this] { look_at_ring(); });
}

// That izar-edge died, or is back, does not wait for the next report: where nobody measures nor forwards, nobody should
// be sent.
void Agent::notice_edge() {
    const Instant now = parts_.loop.now();
    const bool runs = parts_.ring.peer_is_alive(now);
    if (runs == edge_runs_ || (!runs && !edge_runs_ && now - begun_ < RingEnd::kSilence)) {
        return;
    }
    edge_runs_ = runs;
    if (!runs) {
        parts_.log("izar-edge does not run");
        forget_edge();
    }
    group_.set_taking_part(welcome_ && runs);
    if (welcome_) {
        send_sample();
    }
}

// What it measured and held is not so any more.
void Agent::forget_edge() {
    row_.clear();
    row_is_whole_ = row_told_ = false;
    legs_ = next_legs_ = {};
    stamp_port_ = 0;
    flows_.reset();
    edge_config_coming_ = {};
    edge_config_.reset();
}

void Agent::take_from_edge(const ring::Message& message) {
    switch (message.kind) {
        case ring::Kind::own_link:
            take_own_link(ring::body_of<ring::Link>(message));
            break;
        case ring::Kind::own_leg:
            if (const auto leg = read_leg_body(ring::body_of<ring::OwnLeg>(message), parts_.loop.now())) {
                next_legs_[static_cast<std::size_t>(leg->leg)] = leg->measured;
            }
            break;
        case ring::Kind::own_row_end:
            end_row(ring::body_of<ring::RowEnd>(message));
            break;
        case ring::Kind::stamp_result:
            group_.take_stamp(read_stamp_result(ring::body_of<ring::StampResult>(message), parts_.loop.now()));
            break;
        case ring::Kind::config_head:
        case ring::Kind::config_text:
            if (auto state = edge_config_coming_.take(message)) {
                edge_config_ = std::move(state);
            }
            break;
        default:
            break;  // of a newer izar-edge: what we do not know does not concern us
    }
}

void Agent::send(const control::ToController& message) {
    if (channel_ != nullptr) {
        channel_->send(message_frame(message));
    }
}

}  // namespace izar
