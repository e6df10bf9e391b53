#include "probes/stamp_sender.h"

namespace izar {

StampProbe StampSender::next(StampInstant wall, Instant now) noexcept {
    Probe& slot = probe(next_sequence_);
    give_up(slot);
    oldest_ += next_sequence_ - oldest_ == kUnderWay ? 1 : 0;
    slot = {next_sequence_, true, now};
    StampProbe out{};
    out.sequence = Be32{next_sequence_++};
    out.time = Be64{ntp_of(wall)};
    out.error = Be16{kStampError};
    out.session = Be16{session_};
    return out;
}

std::optional<Nanos> StampSender::take(std::span<const std::uint8_t> packet, Instant now) noexcept {
    const auto answer = read_stamp_reply(packet);
    return answer ? take(*answer, now) : std::nullopt;
}

std::optional<Nanos> StampSender::take(const StampAnswer& answer, Instant came) noexcept {
    Probe& asked = probe(answer.sequence);
    const bool ours = answer.session == session_ || answer.session == 0;
    const Nanos away = came - asked.sent_at;
    if (!ours || !asked.waits || asked.sequence != answer.sequence || answer.held > away) {
        return std::nullopt;
    }
    asked.waits = false;
    window_.add(away - answer.held, came);
    return away - answer.held;
}

void StampSender::expire(Instant now) noexcept {
    for (; oldest_ != next_sequence_; ++oldest_) {
        Probe& each = probe(oldest_);
        if (each.waits && now - each.sent_at < patience_) {
            return;
        }
        give_up(each);
    }
}

void StampSender::give_up(Probe& probe) noexcept {
    if (probe.waits) {
        probe.waits = false;
        window_.add_loss();
    }
}

}  // namespace izar
