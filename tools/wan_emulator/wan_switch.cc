#include "tools/wan_emulator/wan_switch.h"

#include <algorithm>
#include <cstring>

#include "dataplane/base/check.h"

namespace izar::wan {
namespace {

constexpr std::size_t kEthernetHeaderBytes = 14;
constexpr std::size_t kSourceOffset = 6;

// The 6 bytes of an Ethernet address as a number; the group bit (IEEE 802.3, 3.2.3) is bit 0.
std::uint64_t address_at(std::span<const std::byte> frame, std::size_t offset) noexcept {
    std::uint64_t address = 0;
    std::memcpy(&address, frame.data() + offset, 6);
    return address;
}

bool is_group(std::uint64_t address) noexcept {
    return (address & 1) != 0;
}

}  // namespace

WanSwitch::WanSwitch(std::uint64_t seed, std::size_t ports, PacketPool& pool, std::size_t limit)
    : ports_(ports), pool_(pool), limit_(limit) {
    CHECK(ports <= kMaxWanPorts);
    for (std::size_t i = 0; i < ports * ports; ++i) {
        links_.emplace_back(LinkIdentity{seed, WanPort(i / ports), WanPort(i % ports)});
    }
    heap_.reserve(limit);
}

EmulatedLink& WanSwitch::link(WanPort source, WanPort destination) {
    CHECK(raw(source) < ports_ && raw(destination) < ports_);
    return links_[raw(source) * ports_ + raw(destination)];
}

void WanSwitch::accept(WanPort source, Instant arrival, PacketSlot slot) {
    const auto frame = pool_.frame(slot);
    if (frame.size() >= kEthernetHeaderBytes) {
        learn(address_at(frame, kSourceOffset), source);
        const std::uint64_t target = address_at(frame, 0);
        const auto known = is_group(target) ? addresses_.end() : addresses_.find(target);
        for (std::size_t i = 0; i < ports_; ++i) {
            const WanPort destination{static_cast<std::uint16_t>(i)};
            if (destination != source && (known == addresses_.end() || known->second == destination)) {
                forward(source, destination, arrival, slot);
            }
        }
    }
    pool_.give_back(slot);
}

// Queues copies of the frame: one Ethernet frame is copied in less time than the system call that brought it, and
// a slot then has exactly one owner.
void WanSwitch::forward(WanPort source, WanPort destination, Instant arrival, PacketSlot slot) {
    EmulatedLink& way = link(source, destination);
    const auto frame = pool_.frame(slot);
    const Deliveries deliveries = way.enter(arrival, frame.size());
    for (std::size_t i = 0; i < deliveries.count; ++i) {
        if (heap_.size() == limit_ || pool_.available() == 0) {
            ++way.counters().memory;
            continue;
        }
        const PacketSlot copy = pool_.take();
        std::memcpy(pool_.room(copy).data(), frame.data(), frame.size());
        pool_.set_size(copy, frame.size());
        heap_.push_back({deliveries.at[i], order_++, copy, source, destination});
        std::push_heap(heap_.begin(), heap_.end(), is_later);
        ++way.counters().in_flight;
    }
}

void WanSwitch::learn(std::uint64_t address, WanPort port) {
    if (is_group(address)) {
        return;
    }
    const auto found = addresses_.find(address);
    if (found != addresses_.end()) {
        found->second = port;
    } else if (addresses_.size() < kMaxLearnedAddresses) {
        addresses_.emplace(address, port);
    }
}

Instant WanSwitch::next_delivery() const noexcept {
    return heap_.empty() ? Instant::max() : heap_.front().at;
}

bool WanSwitch::take_due(Instant now, Delivery& delivery) {
    if (heap_.empty() || heap_.front().at > now) {
        return false;
    }
    std::pop_heap(heap_.begin(), heap_.end(), is_later);
    const Waiting waiting = heap_.back();
    heap_.pop_back();
    LinkCounters& counters = link(waiting.source, waiting.destination).counters();
    --counters.in_flight;
    ++counters.delivered;
    delivery = {waiting.destination, waiting.slot};
    return true;
}

bool WanSwitch::is_later(const Waiting& a, const Waiting& b) noexcept {
    return a.at != b.at ? a.at > b.at : a.order > b.order;
}

}  // namespace izar::wan
