#include "ctrl/store/service_text.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "dataplane/base/limits.h"

namespace izar {
namespace {

using Json = nlohmann::json;

constexpr std::array<std::string_view, 3> kTransports{"tcp", "udp", "icmp"};

// Pairs of a key and the field behind it, of a const or a changeable FlowTimeouts.
template <typename Timeouts>
auto fields_of(Timeouts& timeouts) {
    return std::array{std::pair{"tcp_opening_ms", &timeouts.tcp_opening},
                      std::pair{"tcp_established_ms", &timeouts.tcp_established},
                      std::pair{"tcp_closing_ms", &timeouts.tcp_closing}, std::pair{"udp_ms", &timeouts.udp},
                      std::pair{"icmp_ms", &timeouts.icmp}};
}

bool read_address(const Json& object, const char* key, IpAddress& out) {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_string()) {
        return false;
    }
    const auto address = IpAddress::parse(found->get_ref<const std::string&>());
    if (address) {
        out = *address;
    }
    return address.has_value();
}

template <typename Number>
bool read_number(const Json& object, const char* key, std::uint64_t most, Number& out) {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_number_unsigned() || found->get<std::uint64_t>() > most) {
        return false;
    }
    out = static_cast<Number>(found->get<std::uint64_t>());
    return true;
}

bool read_timeouts(const Json& object, FlowTimeouts& out) {
    const auto found = object.find("timeouts");
    if (found == object.end() || !found->is_object()) {
        return false;
    }
    bool good = true;
    for (const auto& [key, field] : fields_of(out)) {
        std::uint64_t milliseconds = 0;
        good = read_number(*found, key, 1'000'000'000, milliseconds) && good;
        *field = std::chrono::milliseconds{milliseconds};
    }
    return good;
}

template <typename Item, typename Read>
bool read_list(const Json& object, const char* key, std::size_t most, std::vector<Item>& out, Read read) {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_array() || found->size() > most) {
        return false;
    }
    for (const Json& each : *found) {
        Item item;
        if (!each.is_object() || !read(each, item)) {
            return false;
        }
        out.push_back(item);
    }
    return true;
}

bool read_egress(const Json& object, Egress& out) {
    std::uint16_t node = 0;
    const bool good = read_number(object, "node", 65535, node) && read_number(object, "weight", 65535, out.weight);
    out.node = NodeId{node};
    return good;
}

bool read_origin(const Json& object, Origin& out) {
    return read_address(object, "address", out.address) && read_number(object, "port", 65535, out.port) &&
           read_number(object, "weight", 65535, out.weight);
}

// Absent in texts of before there was such a thing.
bool read_duplicate(const Json& object, bool& out) {
    const auto found = object.find("duplicate");
    if (found == object.end()) {
        return true;
    }
    out = found->is_boolean() && found->get<bool>();
    return found->is_boolean();
}

bool read_transport(const Json& object, Transport& out) {
    const auto found = object.find("transport");
    for (std::size_t i = 0; found != object.end() && i < kTransports.size(); ++i) {
        if (*found == kTransports[i]) {
            out = static_cast<Transport>(i);
            return true;
        }
    }
    return false;
}

}  // namespace

std::string service_text(const Service& service) {
    Json egresses = Json::array();
    for (const Egress& egress : service.egresses) {
        egresses.push_back({{"node", raw(egress.node)}, {"weight", egress.weight}});
    }
    Json origins = Json::array();
    for (const Origin& origin : service.origins) {
        origins.push_back({{"address", origin.address.text()}, {"port", origin.port}, {"weight", origin.weight}});
    }
    Json timeouts = Json::object();
    for (const auto& [key, field] : fields_of(service.timeouts)) {
        timeouts[key] = std::chrono::duration_cast<std::chrono::milliseconds>(*field).count();
    }
    return Json{
        {"vip", service.vip.text()},        {"transport", kTransports[static_cast<std::size_t>(service.transport)]},
        {"first_port", service.first_port}, {"last_port", service.last_port},
        {"timeouts", std::move(timeouts)},  {"egresses", std::move(egresses)},
        {"origins", std::move(origins)},    {"duplicate", service.duplicate}}
        .dump();
}

Result<Service> parse_service_text(std::string_view text) {
    const Json object = Json::parse(text, nullptr, false);
    Service service;
    const bool good =
        object.is_object() && read_address(object, "vip", service.vip) && read_transport(object, service.transport) &&
        read_number(object, "first_port", 65535, service.first_port) &&
        read_number(object, "last_port", 65535, service.last_port) && read_timeouts(object, service.timeouts) &&
        read_list(object, "egresses", kMaxEgresses, service.egresses, read_egress) &&
        read_list(object, "origins", kMaxOrigins, service.origins, read_origin) &&
        read_duplicate(object, service.duplicate);
    if (!good) {
        return fail(
            fmt::format("'{}' is no service definition of this program; set the service again", text.substr(0, 80)));
    }
    return service;
}

}  // namespace izar
