#include "ctrl/store/checks.h"

#include <fmt/format.h>

#include <algorithm>

#include "dataplane/base/limits.h"

namespace izar {
namespace {

constexpr std::size_t kMaxDomainLength = 253;
constexpr std::size_t kMaxLabel = 63;

bool is_alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_label(std::string_view label) {
    return !label.empty() && label.size() <= kMaxLabel && label.front() != '-' && label.back() != '-' &&
           std::all_of(label.begin(), label.end(), [](char c) { return is_alphanumeric(c) || c == '-' || c == '_'; });
}

// Bytes of the UTF-8 sequence that `text` begins with, or 0 if it begins with none (RFC 3629 section 4).
std::size_t utf8_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(0);
    const std::size_t length = first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if (length == 0 || first > 0xF4 || length > text.size()) {
        return 0;
    }
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0) != 0x80) {
            return 0;
        }
    }
    const bool overlong = (first == 0xE0 && byte(1) < 0xA0) || (first == 0xF0 && byte(1) < 0x90);
    const bool beyond = (first == 0xED && byte(1) > 0x9F) || (first == 0xF4 && byte(1) > 0x8F);
    return overlong || beyond ? 0 : length;
}

constexpr std::uint32_t kMostWeight = 65535;
constexpr Nanos kMostTimeout = std::chrono::hours{24};

// At least one above zero, none too large.
template <typename Items>
bool good_weights(const Items& items) {
    return std::any_of(items.begin(), items.end(), [](const auto& item) { return item.weight > 0; }) &&
           std::all_of(items.begin(), items.end(), [](const auto& item) { return item.weight <= kMostWeight; });
}

bool good_timeouts(const FlowTimeouts& timeouts) {
    const auto good = [](Nanos timeout) { return timeout >= Nanos{0} && timeout <= kMostTimeout; };
    return good(timeouts.tcp_opening) && good(timeouts.tcp_established) && good(timeouts.tcp_closing) &&
           good(timeouts.udp) && good(timeouts.icmp);
}

Result<void> check_origins(const Service& service) {
    if (service.origins.empty() || service.origins.size() > kMaxOrigins || !good_weights(service.origins)) {
        return fail(fmt::format("service {} needs 1 to {} origins, one of them with a weight above 0, none above 65535",
                                shown(service.name), kMaxOrigins));
    }
    for (const Origin& origin : service.origins) {
        if (origin.address.is_unspecified() || origin.address.family() != service.vip.family()) {
            return fail(fmt::format("service {}: origin {} must be an address of the VIP's family", shown(service.name),
                                    origin.address.text()));
        }
        const auto same = [&](const Origin& o) { return o.address == origin.address && o.port == origin.port; };
        if (std::count_if(service.origins.begin(), service.origins.end(), same) != 1) {
            return fail(fmt::format("service {}: origin {} stands there twice; keep one, with the sum of the weights",
                                    shown(service.name), origin.address.text()));
        }
    }
    return {};
}

Result<void> check_egresses(const Service& service) {
    if (service.egresses.size() > kMaxEgresses || (!service.egresses.empty() && !good_weights(service.egresses))) {
        return fail(
            fmt::format("service {} may name up to {} egresses, one of them with a weight above 0, none above 65535",
                        shown(service.name), kMaxEgresses));
    }
    for (const Egress& egress : service.egresses) {
        const auto same = [&](const Egress& e) { return e.node == egress.node; };
        if (egress.node == kNoNode || std::count_if(service.egresses.begin(), service.egresses.end(), same) != 1) {
            return fail(fmt::format("service {}: every egress is a node, named once", shown(service.name)));
        }
    }
    return {};
}

}  // namespace

std::string shown(std::string_view text) {
    std::string out(text.substr(0, 60));
    std::replace_if(
        out.begin(), out.end(), [](char c) { return c < 0x20 || c == 0x7F; }, '?');
    return out;
}

Result<void> check_name(std::string_view what, std::string_view name) {
    const bool good = !name.empty() && name.size() < kNameLength && is_alphanumeric(name.front()) &&
                      std::all_of(name.begin(), name.end(),
                                  [](char c) { return is_alphanumeric(c) || c == '.' || c == '_' || c == '-'; });
    if (!good) {
        return fail(
            fmt::format("{} '{}' is no name; use 1 to {} letters, digits, '.', '_' or '-', a letter or digit "
                        "first",
                        what, shown(name), kNameLength - 1));
    }
    return {};
}

Result<std::string> checked_domain(std::string_view domain) {
    std::string name(domain.ends_with('.') ? domain.substr(0, domain.size() - 1) : domain);
    bool good = !name.empty() && name.size() <= kMaxDomainLength;
    for (std::size_t at = 0; good && at <= name.size();) {
        const std::size_t end = std::min(name.find('.', at), name.size());
        good = is_label(std::string_view(name).substr(at, end - at));
        at = end + 1;
    }
    if (!good) {
        return fail(fmt::format("'{}' is no domain; write it like www.example.com (international names as xn--...)",
                                shown(domain)));
    }
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return name;
}

Result<void> check_text(std::string_view what, std::string_view text, std::size_t longest) {
    if (text.size() > longest) {
        return fail(fmt::format("{} has {} bytes; the most is {}", what, text.size(), longest));
    }
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = utf8_length(text.substr(at));
        const bool control = length == 1 && (text[at] == 0x7F || (text[at] >= 0 && text[at] < 0x20)) &&
                             text[at] != '\n' && text[at] != '\t';
        if (length == 0 || control) {
            return fail(fmt::format("{} is not plain UTF-8 text at byte {}; write it without control characters", what,
                                    at + 1));
        }
        at += length;
    }
    return {};
}

Result<void> check_service(const Service& service) {
    if (auto good = check_name("service", service.name); !good) {
        return good;
    }
    if (service.vip.is_unspecified()) {
        return fail(fmt::format("service {} needs a VIP", service.name));
    }
    if (service.first_port > service.last_port) {
        return fail(fmt::format("service {}: ports {}-{} end before they begin", service.name, service.first_port,
                                service.last_port));
    }
    if (!good_timeouts(service.timeouts)) {
        return fail(fmt::format("service {}: timeouts are at most 24 hours", service.name));
    }
    if (auto good = check_origins(service); !good) {
        return good;
    }
    return check_egresses(service);
}

}  // namespace izar
