// ring_end.h -- RingEnd: one side of the shared memory between izar-agent and izar-edge.
//
// Either side may start first, die at any instruction, and start again. Each life has a random boot number. A side
// that sees the other's boot for the first time says hello to it, and takes nothing from the ring before the hello
// that names its own boot: so nobody acts on what was meant for a former life. Whoever sees `resynchronised` sends
// everything the other needs, from the beginning.
//
// A side may sleep between its looks: the other's next message rings a bell, a FIFO beside the file.
//
// Thread: one in each process. Nothing here waits or locks but open(), and nothing else makes a syscall but send() to a
//         side that sleeps: it writes one byte, once for each sleep.
// Errors: open() fails if the file cannot be mapped or another living process has this side.
// Trust:  the file is readable and writable by its owner only; what is in it is checked as values (feed_assembly.h),
//         not as memory: both programs belong to the same user.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "ctrl/loop/sockets.h"
#include "ctrl/ring/layout.h"
#include "ctrl/ring/message.h"
#include "dataplane/base/result.h"
#include "dataplane/base/types.h"

namespace izar {

enum class RingSide : std::uint8_t { agent, edge };

// "FOLDER/agent-ring.1": the layout's version is in the name.
std::string shared_path(const std::string& folder);

// Empties a bell that rang.
void hush_bell(int bell) noexcept;

class RingEnd {
  public:
    static constexpr Nanos kHeartbeatInterval = std::chrono::milliseconds{100};
    static constexpr Nanos kSilence = std::chrono::seconds{2};  // without a heartbeat: the other side is not there

    // `boot` is random and not 0. Makes the file if it is not there or was left half made.
    static Result<std::unique_ptr<RingEnd>> open(const std::string& path, RingSide side, std::uint64_t boot);
    ~RingEnd();
    RingEnd(const RingEnd&) = delete;

    // To be called often: beats, and notices the other side's lives. True once for each new pair of lives: from now
    // on what is received is meant for this life, and the other side knows nothing yet.
    [[nodiscard]] bool poll(Instant now);

    // False: the ring is full or there is nobody to send to; nothing was sent.
    template <typename Body>
    bool send(ring::Kind kind, const Body& body) {
        return send(ring::message_of(kind, body));
    }
    bool send(const ring::Message& message);
    std::size_t room() const;  // messages that can be sent now
    // The next message of this pair of lives, if there is one.
    std::optional<ring::Message> receive();

    // True: nothing is here, and the next message rings the bell. False: look again soon.
    [[nodiscard]] bool sleep();
    // Readable from when the bell rang until it is emptied (hush_bell). Of its own, with all its life.
    FileDescriptor bell() const;

    bool synchronised() const noexcept { return synchronised_; }
    // A sign of its life, since our first look at it, is younger than kSilence.
    bool peer_is_alive(Instant now) const noexcept { return peer_beat_at_ && now - *peer_beat_at_ < kSilence; }
    std::uint32_t peer_minor_version() const noexcept { return peer().minor_version.load(std::memory_order_relaxed); }

  private:
    RingEnd(RingSide side, std::uint64_t boot) : side_(side), boot_(boot) {}
    Result<void> map(const std::string& path);
    Result<void> open_bell(const std::string& path);
    void wake_peer() noexcept;
    void look_at_mark(Instant now);
    void take_hello(const ring::Message& message);
    ring::Mark& own() const noexcept { return side_ == RingSide::agent ? shared_->head.agent : shared_->head.edge; }
    ring::Mark& peer() const noexcept { return side_ == RingSide::agent ? shared_->head.edge : shared_->head.agent; }
    ring::Queue& out() const noexcept { return side_ == RingSide::agent ? shared_->down : shared_->up; }
    ring::Queue& in() const noexcept { return side_ == RingSide::agent ? shared_->up : shared_->down; }

    RingSide side_;
    std::uint64_t boot_;
    FileDescriptor lock_;  // one byte of the file is locked for the life of the process
    FileDescriptor bell_;
    ring::Shared* shared_ = nullptr;
    Instant beaten_at_{};
    std::uint64_t peer_boot_ = 0;
    std::uint64_t peer_beat_ = 0;
    std::optional<Instant> peer_beat_at_;  // none: no sign of life yet
    bool looked_ = false;                  // at the other side's mark
    bool hello_sent_ = false;              // to peer_boot_
    bool hello_taken_ = false;             // from peer_boot_
    bool synchronised_ = false;            // both
};

}  // namespace izar
