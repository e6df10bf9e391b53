#include "ctrl/store/checks.h"

#include <fmt/format.h>

#include <algorithm>

#include "dataplane/base/limits.h"
#include "dataplane/tables/service_rules.h"

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
    const auto problems = service_problems(service, NoEgress::means_every_node);
    if (!problems.empty()) {
        return fail(fmt::format("service {}: {}: {}", service.name, place_of(problems.front()), problems.front().text));
    }
    return {};
}

}  // namespace izar
