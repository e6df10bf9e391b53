#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "ctrl/store/checks.h"
#include "ctrl/store/service_text.h"
#include "ctrl/store/sql_store.h"
#include "dataplane/base/limits.h"
#include "dataplane/tables/service_rules.h"

namespace izar {
namespace {

constexpr std::string_view kServiceIdState = "last_service_id";

void name_service(Service& service, const std::string& name) {
    std::memset(service.name, 0, sizeof service.name);
    name.copy(service.name, sizeof service.name - 1);
}

// A service that gets the same packets, so that one of the two would never see any.
const ServiceRecord* rival_of(const Service& service, const std::vector<ServiceRecord>& all) {
    const auto same_place = [&](const ServiceRecord& other) {
        return std::string_view(other.service.name) != service.name && other.service.vip == service.vip &&
               other.service.transport == service.transport &&
               (service.transport == Transport::icmp ||
                (other.service.first_port == service.first_port && other.service.last_port == service.last_port));
    };
    const auto found = std::find_if(all.begin(), all.end(), same_place);
    return found == all.end() ? nullptr : &*found;
}

bool same_definition(const Service& a, const Service& b) {
    return service_text(a) == service_text(b);
}

}  // namespace

std::vector<ServiceRecord> read_services(Transaction& transaction, std::string_view condition,
                                         const SqlValues& values) {
    std::vector<ServiceRecord> out;
    for (const SqlRow& row : transaction.query(
             fmt::format("SELECT service_id, name, definition, version FROM izar_services {} ORDER BY service_id",
                         condition),
             values)) {
        // A row that somebody damaged by hand keeps its name and id, and has no origin: it carries nothing.
        Service service = parse_service_text(row.text(2)).value_or(Service{});
        service.id = ServiceId{static_cast<std::uint32_t>(row.integer(0))};
        name_service(service, row.text(1));
        out.push_back({std::move(service), StaticVersion{static_cast<std::uint64_t>(row.integer(3))}});
    }
    return out;
}

StoreResult<ServiceRecord> SqlStore::set_service(const Service& service, WallTime /*now*/) {
    const auto good = check_service(service);
    Transaction transaction = writing("set_service");
    if (!good) {
        return transaction.refuse(good.error().text);
    }
    const auto all = read_services(transaction, "", {});
    if (const ServiceRecord* rival = rival_of(service, all)) {
        return transaction.refuse(
            fmt::format("service {} has the same VIP, transport and ports; change or remove it "
                        "first",
                        rival->service.name));
    }
    const auto same_name = [&](const ServiceRecord& other) {
        return std::string_view(other.service.name) == service.name;
    };
    const auto old = std::find_if(all.begin(), all.end(), same_name);
    if (old != all.end() && same_definition(old->service, service)) {
        return transaction.finish(*old);
    }
    if (old == all.end() && all.size() >= kMaxServices) {
        return transaction.refuse(fmt::format("there are {} services, the most there can be", kMaxServices));
    }
    ServiceRecord record{service, transaction.next_version()};
    record.service.egress_choice = nullptr;
    record.service.origin_choice = nullptr;
    if (old != all.end()) {
        record.service.id = old->service.id;
    } else {
        const std::uint64_t id = read_state(transaction, kServiceIdState, false) + 1;
        if (id > kMostServiceId) {
            return transaction.refuse("all service ids were given; start a new store");
        }
        write_state(transaction, kServiceIdState, id);
        record.service.id = ServiceId{static_cast<std::uint32_t>(id)};
    }
    const std::string name = service.name;
    const auto users = read_domains(transaction, "WHERE service = ?", {name});
    if (!users.empty() && users.front().origin_ip.family() != service.vip.family()) {
        return transaction.refuse(
            fmt::format("domain {} leads service {} to {}, an origin of another family than {}; "
                        "change the domain first",
                        users.front().domain, name, users.front().origin_ip.text(), service.vip.text()));
    }
    transaction.run(
        "service_written",
        "INSERT INTO izar_services (service_id, name, definition, version) VALUES (?, ?, ?, ?)" +
            sql_on_conflict(transaction.dialect(), "service_id") +
            sql_take_incoming(transaction.dialect(), {"definition", "version"}),
        {std::int64_t{raw(record.service.id)}, name, service_text(service), static_cast<std::int64_t>(record.version)});
    lead_domains_without_service(transaction, LeadTo::namesake);
    return transaction.finish(std::move(record));
}

StoreResult<void> SqlStore::remove_service(std::string_view name, WallTime now) {
    Transaction transaction = writing("remove_service");
    const auto found = read_services(transaction, "WHERE name = ?", {std::string(name)});
    if (found.empty()) {
        return transaction.refuse(
            fmt::format("there is no service {}; 'izar services' lists them", name.substr(0, 40)));
    }
    const auto users = read_domains(transaction, "WHERE service = ?", {std::string(name)});
    if (!users.empty()) {
        return transaction.refuse(
            fmt::format("domain {} leads to service {}; remove the domain first", users.front().domain, name));
    }
    transaction.run("service_removed", "DELETE FROM izar_services WHERE name = ?", {std::string(name)});
    mark_removed(transaction, Removed::service, fmt::format("{}", raw(found.front().service.id)), now);
    return transaction.finish();
}

StoreResult<std::vector<ServiceRecord>> SqlStore::services() {
    Transaction transaction = reading();
    auto all = read_services(transaction, "", {});
    return transaction.finish(std::move(all));
}

}  // namespace izar
