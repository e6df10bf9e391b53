// link_keys.h -- LinkKeys: the keys in force on every link, as lcores read them.
//
// Thread: written by the scheduler thread (LinkSecurity), one pointer at a time; read by all lcores. What a pointer
//         led to lives on until every lcore has passed a quiescent state (QSBR), so an lcore may use it for a burst.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <vector>

#include "dataplane/base/limits.h"
#include "dataplane/base/types.h"
#include "dataplane/security/aead.h"
#include "dataplane/security/handshake_mark.h"
#include "dataplane/security/replay_window.h"
#include "dataplane/security/secrets.h"

namespace izar {

// A replay window for each sending lcore of the peer; one set for all epochs of a session, since packet numbers go on.
class ReplayWindows {
  public:
    explicit ReplayWindows(std::size_t lcores) : windows_(lcores) {}
    // Whether accept() would refuse it now.
    bool seen(std::uint64_t packet_number) const noexcept {
        const std::uint64_t lcore = packet_number >> kPacketNumberLcoreShift;
        return lcore >= windows_.size() || windows_[lcore].seen(packet_number);
    }
    // True once for each number; false for a lcore that the peer does not have.
    bool accept(std::uint64_t packet_number) noexcept {
        const std::uint64_t lcore = packet_number >> kPacketNumberLcoreShift;
        return lcore < windows_.size() && windows_[lcore].accept(packet_number);
    }

  private:
    std::vector<ReplayWindow> windows_;
};

// A key that packets are accepted under.
struct ReceiveKey {
    AeadKey key;
    std::shared_ptr<ReplayWindows> windows;
    std::atomic<bool> used{false};  // set by the first lcore that sees an authentic packet under it

    void note_use() noexcept {
        if (!used.load(std::memory_order_relaxed)) {
            used.store(true, std::memory_order_relaxed);
        }
    }
};

class LinkKeys {
  public:
    static constexpr std::size_t kPlaces = 32;  // 3 bits of session number, 2 of epoch

    LinkKeys() : links_(kMaxNodes) {}

    // The key to send under, null if the link has no session.
    const AeadKey* send(NodeSlot link) const noexcept { return links_[raw(link)].send.load(std::memory_order_acquire); }
    // The key that a received header names, null if it is not in force.
    ReceiveKey* receive(NodeSlot link, std::uint8_t epoch_byte) const noexcept {
        ReceiveKey* const key = links_[raw(link)].receive[place_of(epoch_byte)].load(std::memory_order_acquire);
        return key != nullptr && key->key.epoch_byte() == epoch_byte ? key : nullptr;
    }

    // Whether somebody with one of the secrets that the link accepts has made a handshake message, as far as its mark
    // shows.
    bool marked(NodeSlot link, const HandshakeMessage& message, Aead& aead) const noexcept {
        for (const auto& mark : links_[raw(link)].mark) {
            const AeadKey* const key = mark.load(std::memory_order_acquire);
            if (key != nullptr && has_mark(message, *key, aead)) {
                return true;
            }
        }
        return false;
    }

    // The epoch that the link sends under, negative without a session. Any thread, for display.
    std::int64_t epoch(NodeSlot link) const noexcept { return links_[raw(link)].epoch.load(std::memory_order_relaxed); }

    // The scheduler thread only.
    void set_send(NodeSlot link, const AeadKey* key, std::int64_t epoch) noexcept {
        links_[raw(link)].send.store(key, std::memory_order_release);
        links_[raw(link)].epoch.store(epoch, std::memory_order_relaxed);
    }
    void set_receive(NodeSlot link, std::uint8_t epoch_byte, ReceiveKey* key) noexcept {
        links_[raw(link)].receive[place_of(epoch_byte)].store(key, std::memory_order_release);
    }
    void set_mark(NodeSlot link, std::size_t which, const AeadKey* key) noexcept {
        links_[raw(link)].mark[which].store(key, std::memory_order_release);
    }

  private:
    static constexpr std::size_t place_of(std::uint8_t epoch_byte) noexcept {
        return static_cast<std::size_t>(epoch_byte >> 5) * kLiveEpochs + epoch_byte % kLiveEpochs;
    }
    struct alignas(64) Link {
        std::atomic<const AeadKey*> send{nullptr};
        std::atomic<std::int64_t> epoch{-1};
        std::array<std::atomic<const AeadKey*>, kSecretsPerLink> mark{};
        std::array<std::atomic<ReceiveKey*>, kPlaces> receive{};
    };
    std::vector<Link> links_;
};

}  // namespace izar
