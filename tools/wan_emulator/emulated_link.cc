#include "tools/wan_emulator/emulated_link.h"

#include <algorithm>

namespace izar::wan {
namespace {

Nanos time_on_line(std::size_t bytes, std::uint64_t rate_bps) noexcept {
    return Nanos{static_cast<Nanos::rep>(bytes * 8 * std::nano::den / rate_bps)};
}

constexpr std::size_t kEthernetBytes = 14;

}  // namespace

bool EmulatedLink::loses(const Fate& fate, std::uint64_t number) const noexcept {
    return fate.lost || (profile_.drop_every != 0 && number % profile_.drop_every == 0);
}

Deliveries EmulatedLink::enter(Instant arrival, std::size_t bytes) noexcept {
    const std::uint64_t number = counters_.entered++;
    const Fate fate = fate_of(identity_, number, profile_);
    if (!profile_.up) {
        ++counters_.down;
        return {};
    }
    if (loses(fate, number)) {
        ++counters_.lost;
        return {};
    }
    if (profile_.mtu_bytes != 0 && bytes > profile_.mtu_bytes + kEthernetBytes) {
        ++counters_.size;
        return {};
    }
    Instant departure = arrival;
    if (profile_.rate_bps != 0) {
        const Instant start = std::max(arrival, line_free_);
        if (start - arrival > profile_.queue) {
            ++counters_.queue;
            return {};
        }
        departure = start + time_on_line(bytes, profile_.rate_bps);
        line_free_ = departure;
    }
    const Nanos wobble{static_cast<Nanos::rep>(fate.jitter * static_cast<double>(profile_.jitter.count()))};
    Instant delivery = std::max(departure, departure + profile_.delay + wobble);
    if (fate.reordered) {
        delivery += profile_.reorder_hold;
    } else {
        delivery = std::max(delivery, last_delivery_);
        last_delivery_ = delivery;
    }
    Deliveries deliveries{{delivery, delivery}, 1};
    if (fate.duplicated) {
        ++counters_.duplicated;
        deliveries.count = 2;
    }
    return deliveries;
}

}  // namespace izar::wan
