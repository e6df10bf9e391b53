#include "ctrl/controller/lost_domains.h"

#include <fmt/format.h>

namespace izar {
namespace {

constexpr std::size_t kMostNamed = 5;

}  // namespace

std::string lost_domains_text(const std::vector<std::string>& domains) {
    std::string names;
    for (std::size_t i = 0; i < domains.size() && i < kMostNamed; ++i) {
        names += (i == 0 ? "" : ", ") + domains[i];
    }
    if (domains.size() > kMostNamed) {
        names += fmt::format(" and {} more", domains.size() - kMostNamed);
    }
    const bool one = domains.size() == 1;
    return fmt::format(
        "{} without a service, which lead{} nowhere: {}; `izar domain set DOMAIN ORIGIN --service NAME`"
        " gives one, or a service of the domain's name does",
        one ? "1 domain" : fmt::format("{} domains", domains.size()), one ? "s" : "", names);
}

}  // namespace izar
