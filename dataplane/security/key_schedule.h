// key_schedule.h -- KeySchedule: the traffic keys of one direction of a session, epoch after epoch.
//
// Thread: the scheduler thread; lcores get the keys that are made of them (link_keys.h).
//
// A handshake gives the secret of epoch 0. Everything after it is derived locally, so keys go on for as long as both
// ends live, with no message and nobody to ask:
//
//   traffic key of epoch n = HKDF-Expand(secret n, "izar traffic key", 16), salt likewise, 4 bytes
//   secret n+1             = HKDF-Expand(secret n, "izar next epoch", 32), secret n is wiped
//
// The sender moves on after kRekeyPackets packets or kRekeyAfter. The receiver knows the next epoch's key ahead, moves
// on when the first packet of it is authentic, and accepts the old one for kOldEpochAccepted more.
//
// The key epoch in a packet's header: which session (3 bits) and which epoch of it (low 5 bits).
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "dataplane/base/types.h"
#include "dataplane/security/secret_bytes.h"

namespace izar {

inline constexpr std::uint64_t kRekeyPackets = std::uint64_t{1} << 32;
inline constexpr Nanos kRekeyAfter = std::chrono::seconds{120};
inline constexpr Nanos kOldEpochAccepted = std::chrono::seconds{180};

inline constexpr std::size_t kSessionNumbers = 7;  // number 7 marks packets without a key (kClearEpoch)
inline constexpr std::size_t kLiveEpochs = 4;      // two old ones, the one in use, the next

// The byte on the wire.
constexpr std::uint8_t key_epoch_byte(std::uint8_t session, std::uint64_t epoch) noexcept {
    return static_cast<std::uint8_t>(session << 5 | (epoch & 0x1F));
}

struct TrafficKey {
    SecretBytes<16> key;
    std::array<std::uint8_t, 4> salt{};
    std::uint8_t epoch_byte = 0;
};

// The chain of secrets; what both schedules are made of.
class KeyChain {
  public:
    KeyChain(const Secret& first, std::uint8_t session) noexcept : secret_(first), session_(session) {}
    // The traffic key of the next epoch, from 0 on. Its secret is wiped.
    TrafficKey next() noexcept;

  private:
    Secret secret_;
    std::uint64_t epoch_ = 0;
    std::uint8_t session_;
};

class SendSchedule {
  public:
    // `sent` is how many packets were sent on this link so far, whatever the key.
    SendSchedule(const Secret& first, std::uint8_t session, std::uint64_t sent, Instant now) noexcept;

    const TrafficKey& key() const noexcept { return key_; }
    std::uint64_t epoch() const noexcept { return epoch_; }
    // Moves on to the next epoch if it is time to; true if it did. Call at least once a second.
    bool advance(std::uint64_t sent, Instant now) noexcept;

  private:
    KeyChain chain_;
    TrafficKey key_;
    std::uint64_t epoch_ = 0;
    std::uint64_t sent_at_start_;
    Instant start_;
};

class ReceiveSchedule {
  public:
    ReceiveSchedule(const Secret& first, std::uint8_t session) noexcept;

    // The keys in force, by epoch modulo kLiveEpochs; null where none is.
    const TrafficKey* key(std::size_t place) const noexcept { return keys_[place] ? &*keys_[place] : nullptr; }
    std::size_t next_place() const noexcept { return (newest_ + 1) % kLiveEpochs; }
    std::uint64_t newest() const noexcept { return newest_; }
    // A packet of the next epoch was authentic: it is the one in use now.
    void advance(Instant now) noexcept;
    // Drops what has been accepted long enough; true if anything was.
    bool expire(Instant now) noexcept;

  private:
    KeyChain chain_;
    std::array<std::optional<TrafficKey>, kLiveEpochs> keys_;
    std::array<Instant, kLiveEpochs> until_{};  // of old ones
    std::uint64_t newest_ = 0;
};

}  // namespace izar
