#include "probes/stamp_sender.h"

#include <algorithm>
#include <cstring>

namespace izar {

StampProbe StampSender::next(WallTime wall, Instant now) noexcept {
    Probe& slot = probe(next_sequence_);
    give_up(slot);
    slot = {next_sequence_, true, now};
    StampProbe out{};
    out.sequence = Be32{next_sequence_++};
    out.time = Be64{ntp_of(wall)};
    out.error = Be16{kStampError};
    out.session = Be16{session_};
    return out;
}

std::optional<Nanos> StampSender::take(std::span<const std::uint8_t> packet, Instant now) noexcept {
    if (packet.size() < kLeastStampBytes) {
        return std::nullopt;
    }
    StampReply reply{};
    std::memcpy(&reply, packet.data(), std::min(packet.size(), sizeof reply));
    Probe& asked = probe(reply.probe_sequence.value());
    // TWAMP-light has zeros where STAMP has the session.
    const std::uint16_t session = reply.session.value();
    const bool ours = session == session_ || session == 0;
    if (!ours || !asked.waits || asked.sequence != reply.probe_sequence.value()) {
        return std::nullopt;
    }
    const Nanos away = now - asked.sent_at;
    const Nanos held = stamp_interval(reply.received.value(), reply.time.value(), reply.error.value());
    if (held < Nanos{0} || held > away) {
        return std::nullopt;
    }
    asked.waits = false;
    window_.add(away - held, now);
    return away - held;
}

void StampSender::expire(Instant now) noexcept {
    for (Probe& each : probes_) {
        if (now - each.sent_at >= patience_) {
            give_up(each);
        }
    }
}

void StampSender::give_up(Probe& probe) noexcept {
    if (probe.waits) {
        probe.waits = false;
        window_.add_loss();
    }
}

}  // namespace izar
