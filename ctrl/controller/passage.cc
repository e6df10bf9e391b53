#include "ctrl/controller/passage.h"

#include <algorithm>
#include <string>
#include <utility>

namespace izar {

struct Passage::Connection {
    struct ClientEnd : StreamEvents {
        explicit ClientEnd(Connection& owner) : connection(owner) {}
        void on_received(std::span<const std::uint8_t> bytes) override { connection.passage.take(connection, bytes); }
        void on_sent() override { connection.passage.on_sent(connection); }
        void on_closed(const std::string&) override { connection.passage.on_client_closed(connection); }
        Connection& connection;
    };
    struct LeaderEnd : StreamEvents {
        explicit LeaderEnd(Connection& owner) : connection(owner) {}
        void on_connected() override { connection.passage.on_connected(connection); }
        void on_received(std::span<const std::uint8_t> bytes) override {
            connection.passage.pass_on(connection, connection.client, bytes);
        }
        void on_sent() override { connection.passage.on_sent(connection); }
        void on_closed(const std::string&) override { connection.passage.on_leader_closed(connection); }
        Connection& connection;
    };

    Connection(Passage& owner, StreamId accepted, Instant now)
        : passage(owner), client(accepted), since(now), client_end(*this), leader_end(*this) {}

    Passage& passage;
    StreamId client;
    StreamId leader = kNoStream;
    bool connected = false;          // to the leader
    bool ending = false;             // one side is gone, and the other has not read everything
    Instant since;                   // when it began to wait, or to end
    std::vector<std::uint8_t> kept;  // said before the leader was there
    ClientEnd client_end;
    LeaderEnd leader_end;
};

Passage::Passage(EventLoop& loop) : loop_(loop), look_timer_(loop), bury_timer_(loop) {}

Passage::~Passage() {
    end_all();
}

StreamEvents* Passage::accept(StreamId stream) {
    const auto waits = [](const auto& each) { return !each->connected; };
    if (static_cast<std::size_t>(std::ranges::count_if(connections_, waits)) >= kMostWaiting) {
        end(**std::ranges::find_if(connections_, waits));
    }
    connections_.push_back(std::make_unique<Connection>(*this, stream, loop_.now()));
    look_timer_.start(kLook, [this] { look(); });
    return &connections_.back()->client_end;
}

void Passage::lead_to(const std::optional<SocketAddress>& leader, Nanos patience) {
    patience_ = patience;
    if (leader == leader_) {
        return;
    }
    leader_ = leader;
    std::vector<Connection*> former;
    for (const auto& each : connections_) {
        if (each->connected) {
            former.push_back(each.get());
        } else {
            loop_.close(std::exchange(each->leader, kNoStream));
        }
    }
    for (Connection* const each : former) {
        end(*each);
    }
    look();
}

void Passage::end_all() {
    while (!connections_.empty()) {
        end(*connections_.back());
    }
}

void Passage::take(Connection& connection, std::span<const std::uint8_t> bytes) {
    if (connection.connected) {
        pass_on(connection, connection.leader, bytes);
        return;
    }
    connection.kept.insert(connection.kept.end(), bytes.begin(), bytes.end());
    if (connection.kept.size() > kMostKept) {
        end(connection);
    } else if (connection.leader == kNoStream) {
        try_leader(connection);
    }
}

void Passage::pass_on(Connection& connection, StreamId to, std::span<const std::uint8_t> bytes) {
    loop_.send(to, bytes);
    if (loop_.unsent(to) > kMostUnsent) {
        end(connection);
    }
}

void Passage::try_leader(Connection& connection) {
    if (leader_) {
        // Without a descriptor for it, it waits on.
        connection.leader = loop_.connect(*leader_, connection.leader_end).value_or(kNoStream);
    }
}

void Passage::on_connected(Connection& connection) {
    connection.connected = true;
    loop_.send(connection.leader, std::exchange(connection.kept, {}));
}

void Passage::on_sent(Connection& connection) {
    if (connection.ending) {
        end(connection);
    }
}

void Passage::on_client_closed(Connection& connection) {
    finish(connection, connection.connected ? connection.leader : kNoStream);
}

void Passage::on_leader_closed(Connection& connection) {
    if (connection.connected) {
        finish(connection, connection.client);
    } else {
        connection.leader = kNoStream;  // refused: look() tries again
    }
}

// The last words of one side go to the other before that is closed too.
void Passage::finish(Connection& connection, StreamId last) {
    if (connection.ending || loop_.unsent(last) == 0) {
        end(connection);
        return;
    }
    connection.ending = true;
    connection.since = loop_.now();
    look_timer_.start(kLook, [this] { look(); });
}

void Passage::look() {
    const Instant now = loop_.now();
    std::vector<Connection*> over;
    bool again = false;
    for (const auto& each : connections_) {
        if (each->connected && !each->ending) {
            continue;
        }
        again = true;
        if (now - each->since >= patience_) {
            over.push_back(each.get());
        } else if (!each->connected && each->leader == kNoStream && !each->kept.empty()) {
            try_leader(*each);
        }
    }
    for (Connection* const each : over) {
        end(*each);
    }
    if (again) {
        look_timer_.start(kLook, [this] { look(); });
    }
}

// Its callback may still be on the stack.
void Passage::end(Connection& connection) {
    loop_.close(connection.client);
    loop_.close(connection.leader);
    const auto at = std::ranges::find(connections_, &connection, [](const auto& each) { return each.get(); });
    if (at != connections_.end()) {
        buried_.push_back(std::move(*at));
        connections_.erase(at);
        bury_timer_.start(Nanos{0}, [this] { buried_.clear(); });
    }
}

}  // namespace izar
