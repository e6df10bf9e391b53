#include "perf/control/real_agent.h"

#include <fmt/format.h>

#include <fstream>
#include <vector>

#include "ctrl/ring/link_body.h"
#include "ctrl/ring/ring_end.h"
#include "dataplane/base/check.h"
#include "dataplane/base/random.h"
#include "tools/program/event_program.h"

namespace izar {
namespace {

using std::chrono::microseconds;

constexpr Nanos kNap = std::chrono::milliseconds{5};
constexpr Nanos kRowInterval = std::chrono::seconds{1};

// The files of a node that joined; that of its configuration.
std::string write_files(const std::string& folder, const Identity& identity, const SocketAddress& controller) {
    CHECK(save_identity(folder, identity).has_value());
    std::string out = folder + "/agent.yaml";
    std::ofstream(out) << fmt::format("name: {}\naddress: 127.0.0.1\ncontrollers: [\"{}\"]\nstate: {}\nrun: {}\n",
                                      identity.name, controller.text(), folder, folder);
    return out;
}

// izar-edge's end of the ring, without izar-edge.
class EdgeEnd {
  public:
    EdgeEnd(const std::string& folder, NodeId self)
        : end_(RingEnd::open(shared_path(folder), RingSide::edge, 1).value()), self_(self) {}

    void do_work(Instant now, std::atomic<std::uint64_t>& links_fed) {
        (void)end_->poll(now);
        while (const auto message = end_->receive()) {
            links_fed += message->kind == ring::Kind::feed_link ? 1 : 0;
            take(*message);
        }
        if (now >= row_due_ && version_ != 0) {
            row_due_ = now + kRowInterval;
            tell_row();
        }
    }

  private:
    void take(const ring::Message& message) {
        if (message.kind == ring::Kind::static_begin) {
            nodes_.clear();
        } else if (message.kind == ring::Kind::static_node) {
            nodes_.push_back(NodeId{ring::body_of<ring::StaticNode>(message).id});
        } else if (message.kind == ring::Kind::static_commit) {
            version_ = ring::body_of<ring::StaticCommit>(message).version;
            end_->send(ring::Kind::static_taken, ring::StaticCommit{version_});
        }
    }

    void tell_row() {
        for (const NodeId to : nodes_) {
            const FeedLink link{.from = self_,
                                .to = to,
                                .rtt = microseconds{(5'000 + 50 * raw(to)) * (1'000 + random_.below(20)) / 1'000},
                                .variation = microseconds{100},
                                .count = 100};
            if (to != self_) {
                end_->send(ring::Kind::own_link, link_body(link));
            }
        }
        end_->send(ring::Kind::own_row_end,
                   ring::RowEnd{.version = version_, .flows_and_one = 1, .stamp_port = 0, .pad = {}});
    }

    std::unique_ptr<RingEnd> end_;
    NodeId self_;
    Random random_{1};
    std::vector<NodeId> nodes_;
    std::uint64_t version_ = 0;
    Instant row_due_{};
};

}  // namespace

RealAgent::RealAgent(const std::string& program, const std::string& folder, const Identity& identity,
                     const SocketAddress& controller)
    : process_(program, write_files(folder, identity, controller), folder + "/log"),
      edge_([this, folder, self = identity.id] { run_edge(folder, self); }) {}

RealAgent::~RealAgent() {
    stop_ = true;
    edge_.join();
}

void RealAgent::run_edge(const std::string& folder, NodeId self) {
    EdgeEnd end(folder, self);
    while (!stop_) {
        end.do_work(monotonic_now(), links_fed_);
        std::this_thread::sleep_for(kNap);
    }
}

}  // namespace izar
