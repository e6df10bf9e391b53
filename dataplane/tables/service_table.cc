#include "dataplane/tables/service_table.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "dataplane/base/check.h"

namespace izar {
namespace {

constexpr std::uint16_t kLastPort = 65535;

// The ports a service answers on. One of echo has none of its own and answers on any.
struct PortRange {
    std::uint16_t first;
    std::uint16_t last;

    bool contains(std::uint16_t port) const noexcept { return first <= port && port <= last; }
    unsigned width() const noexcept { return unsigned{last} - first; }
};

PortRange ports_of(const Service& service) {
    return service.transport == Transport::icmp ? PortRange{0, kLastPort}
                                                : PortRange{service.first_port, service.last_port};
}

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(a ^ 0x9E3779B97F4A7C15) * (b ^ 0xD6E8FEB86659FD93);
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

}  // namespace

std::size_t ServiceTable::Hash::operator()(const IpAddress& address) const noexcept {
    std::uint64_t words[2];
    std::memcpy(words, address.bytes().data(), sizeof words);
    return mix(words[0], words[1]);
}

std::size_t ServiceTable::Hash::operator()(const VipPort& place) const noexcept {
    return mix(operator()(place.vip), std::uint64_t{raw(place.transport)} << 16 | place.port);
}

ServiceTable::ServiceTable(std::vector<Service> services, std::uint64_t version)
    : services_(std::move(services)), version_(version) {
    CHECK(services_.size() <= kMaxServices);
    for (std::size_t i = 0; i < services_.size(); ++i) {
        add(static_cast<int>(i));
    }
    for (auto& [place, indices] : wide_) {
        std::sort(indices.begin(), indices.end(), [this](int a, int b) { return wins(a, b); });
    }
}

void ServiceTable::add(int index) {
    const Service& service = (*this)[index];
    const PortRange ports = ports_of(service);
    CHECK(ports.first <= ports.last);
    CHECK(by_id_.emplace(raw(service.id), index).second);
    vips_.insert(service.vip);
    if (ports.width() > 0) {
        wide_[{service.vip, service.transport, 0}].push_back(index);
        return;
    }
    const auto [holder, added] = single_ports_.emplace(VipPort{service.vip, service.transport, ports.first}, index);
    if (!added && wins(index, holder->second)) {
        holder->second = index;
    }
}

bool ServiceTable::wins(int challenger, int holder) const noexcept {
    const Service& a = (*this)[challenger];
    const Service& b = (*this)[holder];
    const unsigned width_a = ports_of(a).width();
    const unsigned width_b = ports_of(b).width();
    return width_a != width_b ? width_a < width_b : raw(a.id) < raw(b.id);
}

int ServiceTable::find(const IpAddress& vip, Transport transport, std::uint16_t port) const noexcept {
    if (const auto single = single_ports_.find({vip, transport, port}); single != single_ports_.end()) {
        return single->second;
    }
    const auto wide = wide_.find({vip, transport, 0});
    if (wide == wide_.end()) {
        return -1;
    }
    for (const int index : wide->second) {
        if (ports_of((*this)[index]).contains(port)) {
            return index;
        }
    }
    return -1;
}

int ServiceTable::find(ServiceId id) const noexcept {
    const auto at = by_id_.find(raw(id));
    return at == by_id_.end() ? -1 : at->second;
}

PolicyIndex ServiceTable::policy_of(ServiceId id) const noexcept {
    const int index = find(id);
    return index < 0 ? kDefaultPolicy : (*this)[index].policy;
}

bool ServiceTable::is_vip(const IpAddress& address) const noexcept {
    return vips_.contains(address);
}

}  // namespace izar
