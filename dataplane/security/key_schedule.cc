#include "dataplane/security/key_schedule.h"

#include <string_view>

#include "dataplane/security/primitives.h"

namespace izar {
namespace {

constexpr std::string_view kKeyLabel = "izar traffic key";
constexpr std::string_view kSaltLabel = "izar traffic salt";
constexpr std::string_view kNextLabel = "izar next epoch";

ByteView bytes_of(std::string_view text) noexcept {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

TrafficKey KeyChain::next() noexcept {
    TrafficKey out;
    hkdf_expand(secret_, bytes_of(kKeyLabel), out.key.writable());
    hkdf_expand(secret_, bytes_of(kSaltLabel), out.salt);
    out.epoch_byte = key_epoch_byte(session_, epoch_++);
    Secret following;
    hkdf_expand(secret_, bytes_of(kNextLabel), following.writable());
    secret_ = following;
    return out;
}

SendSchedule::SendSchedule(const Secret& first, std::uint8_t session, std::uint64_t sent, Instant now) noexcept
    : chain_(first, session), key_(chain_.next()), sent_at_start_(sent), start_(now) {}

bool SendSchedule::advance(std::uint64_t sent, Instant now) noexcept {
    if (sent - sent_at_start_ < kRekeyPackets && now - start_ < kRekeyAfter) {
        return false;
    }
    key_ = chain_.next();
    ++epoch_;
    sent_at_start_ = sent;
    start_ = now;
    return true;
}

ReceiveSchedule::ReceiveSchedule(const Secret& first, std::uint8_t session) noexcept : chain_(first, session) {
    keys_[0] = chain_.next();
    keys_[1] = chain_.next();
}

void ReceiveSchedule::advance(Instant now) noexcept {
    until_[newest_ % kLiveEpochs] = now + kOldEpochAccepted;
    ++newest_;
    keys_[next_place()] = chain_.next();
}

bool ReceiveSchedule::expire(Instant now) noexcept {
    bool any = false;
    for (std::size_t back = 1; back <= kLiveEpochs - 2; ++back) {
        const std::size_t place = (newest_ + kLiveEpochs - back) % kLiveEpochs;
        if (newest_ >= back && keys_[place] && now >= until_[place]) {
            keys_[place].reset();
            any = true;
        }
    }
    return any;
}

}  // namespace izar
