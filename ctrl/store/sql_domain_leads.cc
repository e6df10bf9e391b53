// Which service a domain leads to, and whether it may. A domain that leads to a service gives it its origin, so all
// that lead to one give the same, of the family of its VIP.
#include <fmt/format.h>

#include <algorithm>

#include "ctrl/store/sql_store.h"

namespace izar {
namespace {

const ServiceRecord* find_service(const std::vector<ServiceRecord>& services, std::string_view name) {
    const auto found = std::find_if(services.begin(), services.end(),
                                    [&](const ServiceRecord& each) { return name == each.service.name; });
    return found == services.end() ? nullptr : &*found;
}

// Another domain that leads to the service. Where somebody changed its row of domain_origin, its origin is that one.
std::vector<std::pair<std::string, std::string>> others_of(Transaction& transaction, const DomainRecord& domain,
                                                           const std::string& service) {
    std::vector<std::pair<std::string, std::string>> out;
    for (const SqlRow& row : transaction.query("SELECT d.domain, COALESCE(o.origin_ip, d.origin_ip) FROM izar_domains d"
                                               " LEFT JOIN domain_origin o ON o.domain = d.domain"
                                               " WHERE d.service = ? AND d.domain <> ? ORDER BY d.domain",
                                               {service, domain.domain})) {
        out.emplace_back(row.text(0), row.text(1));
    }
    return out;
}

}  // namespace

Result<void> check_lead(Transaction& transaction, const DomainRecord& domain, const Service& service) {
    const std::string name = service.name;
    const std::string origin = domain.origin_ip.text();
    if (domain.origin_ip.family() != service.vip.family()) {
        return fail(fmt::format("domain {}: origin {} must be an address of the family of service {}'s VIP, {}",
                                domain.domain, origin, name, service.vip.text()));
    }
    for (const auto& [other, its_origin] : others_of(transaction, domain, name)) {
        if (IpAddress::parse(its_origin).value_or(IpAddress{}) != domain.origin_ip) {
            return fail(
                fmt::format("domain {}: service {} has its origin from domain {} ({}) already, and it can be one only; "
                            "give {} a service of its own, or remove {} first",
                            domain.domain, name, other, its_origin.substr(0, 45), domain.domain, other));
        }
    }
    return {};
}

StoreResult<std::string> service_to_lead(Transaction& transaction, const DomainRecord& domain,
                                         std::string_view wanted) {
    const auto services = read_services(transaction, "", {});
    const ServiceRecord* service = find_service(services, wanted.empty() ? domain.service : wanted);
    if (service == nullptr && !wanted.empty()) {
        return store_fail(StoreFault::refused,
                          fmt::format("there is no service {}; add it first", wanted.substr(0, 40)));
    }
    if (service == nullptr) {
        service = find_service(services, domain.domain);
    }
    if (service == nullptr && services.size() == 1) {
        service = &services.front();
    }
    if (service == nullptr) {
        return store_fail(StoreFault::refused,
                          fmt::format("domain {}: there are {} services, and none has this name; name the one that its "
                                      "clients use ('izar services' lists them), or add it first",
                                      domain.domain, services.size()));
    }
    if (auto good = check_lead(transaction, domain, service->service); !good) {
        return store_fail(StoreFault::conflict, good.error().text);
    }
    return std::string(service->service.name);
}

void lead_domains_without_service(Transaction& transaction, LeadTo choice) {
    const auto lost = read_domains(transaction, "WHERE service = ''", {});
    if (lost.empty()) {
        return;
    }
    const auto services = read_services(transaction, "", {});
    for (DomainRecord domain : lost) {
        // The only service is meant where there is but one domain to mean it.
        const bool sole = choice == LeadTo::namesake_or_only && services.size() == 1 && lost.size() == 1 &&
                          others_of(transaction, domain, services.front().service.name).empty();
        const ServiceRecord* service = sole ? &services.front() : find_service(services, domain.domain);
        if (service != nullptr && check_lead(transaction, domain, service->service)) {
            domain.service = service->service.name;
            domain.version = transaction.next_version();
            write_domain(transaction, domain);
        }
    }
}

}  // namespace izar
