#include "probes/leg_rtts.h"

#include <algorithm>

namespace izar {
namespace {

template <typename T>
T get(const std::atomic<T>& word) noexcept {
    return word.load(std::memory_order_relaxed);
}
template <typename T>
void set(std::atomic<T>& word, T value) noexcept {
    word.store(value, std::memory_order_relaxed);
}

}  // namespace

void LegRtts::add(ServiceId service, Leg leg, Nanos rtt, Instant now) noexcept {
    note(cell(service, leg), service, rtt, now);
    note(cell_of_all(leg), kNoService, rtt, now);
}

void LegRtts::note(Cell& c, ServiceId service, Nanos rtt, Instant now) noexcept {
    const std::int64_t at = now.time_since_epoch().count();
    const bool fresh = get(c.service) != raw(service) || Nanos{at - get(c.begun)} >= kWindow || get(c.samples) == 0;
    if (fresh) {
        set(c.samples, std::uint32_t{0});
        set(c.service, raw(service));
        set(c.begun, at);
        set(c.sum, std::int64_t{0});
        set(c.differences, std::int64_t{0});
        set(c.least, rtt.count());
    } else {
        set(c.differences, get(c.differences) + std::abs(rtt.count() - get(c.last)));
        set(c.least, std::min(get(c.least), rtt.count()));
    }
    set(c.sum, get(c.sum) + rtt.count());
    set(c.last, rtt.count());
    set(c.newest, at);
    set(c.samples, get(c.samples) + 1);
}

Measurement LegRtts::read(ServiceId service, Leg leg) const noexcept {
    return measurement(cell(service, leg), service);
}

Measurement LegRtts::read_all(Leg leg) const noexcept {
    return measurement(cell_of_all(leg), kNoService);
}

Measurement LegRtts::measurement(const Cell& c, ServiceId service) const noexcept {
    Measurement out{.source = source_};
    const std::uint32_t samples = get(c.samples);
    if (samples == 0 || get(c.service) != raw(service)) {
        return out;
    }
    out.samples = samples;
    out.least = Nanos{get(c.least)};
    out.mean = Nanos{get(c.sum) / samples};
    out.variation = Nanos{samples == 1 ? 0 : get(c.differences) / (samples - 1)};
    out.newest = Instant{Nanos{get(c.newest)}};
    return out;
}

void LegSum::add(const Measurement& part) noexcept {
    if (part.samples == 0) {
        return;
    }
    sum_.source = part.source;
    sum_.least = sum_.samples == 0 ? part.least : std::min(sum_.least, part.least);
    sum_.newest = std::max(sum_.newest, part.newest);
    sum_.samples += part.samples;
    sum_.mean += part.mean * part.samples;
    sum_.variation += part.variation * part.samples;
}

std::optional<Measurement> LegSum::total() const noexcept {
    if (sum_.samples == 0) {
        return std::nullopt;
    }
    Measurement out = sum_;
    out.mean /= out.samples;
    out.variation /= out.samples;
    return out;
}

}  // namespace izar
