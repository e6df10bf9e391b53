#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "ctrl/store/checks.h"
#include "ctrl/store/node_vips.h"
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

// Where packets of a service go to.
std::vector<IpAddress> vips_of(const ServiceRecord& record) {
    std::vector<IpAddress> out{record.service.vip};
    for (const NodeVip& vip : record.node_vips) {
        out.push_back(vip.address);
    }
    return out;
}

bool same_ports(const Service& a, const Service& b) {
    return a.transport == b.transport &&
           (a.transport == Transport::icmp || (a.first_port == b.first_port && a.last_port == b.last_port));
}

// A service that gets the same packets, so that one of the two would never see any.
Result<void> check_rivals(const ServiceRecord& wanted, const std::vector<ServiceRecord>& all) {
    const auto vips = vips_of(wanted);
    for (const ServiceRecord& other : all) {
        if (std::string_view(other.service.name) == wanted.service.name || !same_ports(other.service, wanted.service)) {
            continue;
        }
        const auto its_vips = vips_of(other);
        const auto both = std::find_first_of(vips.begin(), vips.end(), its_vips.begin(), its_vips.end());
        if (both != vips.end()) {
            return fail(fmt::format("service {} has the same VIP ({}), transport and ports; change or remove it first",
                                    other.service.name, both->text()));
        }
    }
    return {};
}

// Each VIP at a node is a service to those that forward.
Result<void> check_room(const ServiceRecord& wanted, const std::vector<ServiceRecord>& all) {
    std::size_t told = 1 + wanted.node_vips.size();
    for (const ServiceRecord& other : all) {
        told += std::string_view(other.service.name) == wanted.service.name ? 0 : 1 + other.node_vips.size();
    }
    return told <= kMaxServices ? Result<void>{}
                                : fail(fmt::format("there can be {} services at most, each VIP at a node counting as "
                                                   "one more; this would make {}",
                                                   kMaxServices, told));
}

// Domains that lead to it give it an origin of their own family.
Result<void> check_family(Transaction& transaction, const Service& service) {
    const auto users = read_domains(transaction, "WHERE service = ?", {std::string(service.name)});
    if (!users.empty() && users.front().origin_ip.family() != service.vip.family()) {
        return fail(
            fmt::format("domain {} leads service {} to {}, an origin of another family than {}; "
                        "change the domain first",
                        users.front().domain, service.name, users.front().origin_ip.text(), service.vip.text()));
    }
    return {};
}

// The next id that was never given; kNoService when all were.
ServiceId next_service_id(Transaction& transaction) {
    const std::uint64_t id = read_state(transaction, kServiceIdState, false) + 1;
    if (id > kMostServiceId) {
        return kNoService;
    }
    write_state(transaction, kServiceIdState, id);
    return ServiceId{static_cast<std::uint32_t>(id)};
}

// What `before` had keeps its id: the service, and a VIP at whichever node, so that its flows are still the same
// service's.
Result<void> give_ids(Transaction& transaction, const ServiceRecord& before, ServiceRecord& record) {
    const auto give = [&](ServiceId& id, ServiceId former) {
        id = former != kNoService ? former : next_service_id(transaction);
        return id != kNoService || transaction.failed();
    };
    bool given = give(record.service.id, before.service.id);
    for (NodeVip& vip : record.node_vips) {
        const NodeVip* const former = find_vip(before.node_vips, vip.address);
        given = give(vip.id, former == nullptr ? kNoService : former->id) && given;
    }
    return given ? Result<void>{} : fail("all service ids were given; start a new store");
}

bool same_definition(const ServiceRecord& a, const ServiceRecord& b) {
    return service_text(a.service) == service_text(b.service) && a.node_vips == b.node_vips;
}

ServiceRecord wanted_record(const Service& service, std::span<const NodeVip> node_vips) {
    ServiceRecord out{.service = service, .node_vips = {node_vips.begin(), node_vips.end()}};
    out.service.egress_choice = nullptr;
    out.service.origin_choice = nullptr;
    std::sort(out.node_vips.begin(), out.node_vips.end(),
              [](const NodeVip& a, const NodeVip& b) { return a.node < b.node; });
    return out;
}

// Beside all services that are there, `before` among them if it is.
Result<void> check_beside(Transaction& transaction, const ServiceRecord& before, const ServiceRecord& wanted,
                          const std::vector<ServiceRecord>& all) {
    if (auto room = check_room(wanted, all); !room) {
        return room;
    }
    if (auto free = check_rivals(wanted, all); !free) {
        return free;
    }
    if (auto can_be = check_new_vips(transaction, before, wanted); !can_be) {
        return can_be;
    }
    return check_family(transaction, wanted.service);
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
        out.push_back({std::move(service), StaticVersion{static_cast<std::uint64_t>(row.integer(3))}, {}});
    }
    read_node_vips(transaction, condition, values, out);
    return out;
}

StoreResult<ServiceRecord> SqlStore::set_service(const Service& service, std::span<const NodeVip> node_vips,
                                                 WallTime /*now*/) {
    auto good = check_service(service);
    good = good ? check_node_vips(service, node_vips) : good;
    Transaction transaction = writing("set_service");
    if (!good) {
        return transaction.refuse(good.error().text);
    }
    const auto all = read_services(transaction, "", {});
    const auto same_name = [&](const ServiceRecord& other) {
        return std::string_view(other.service.name) == service.name;
    };
    const auto old = std::find_if(all.begin(), all.end(), same_name);
    const ServiceRecord before = old != all.end() ? *old : ServiceRecord{};
    ServiceRecord record = wanted_record(service, node_vips);
    if (auto fits = check_beside(transaction, before, record, all); !fits) {
        return transaction.refuse(fits.error().text, StoreFault::conflict);
    }
    if (auto there = check_vip_nodes(transaction, before, record); !there) {
        return transaction.refuse(there.error().text);
    }
    if (auto numbered = give_ids(transaction, before, record); !numbered) {
        return transaction.refuse(numbered.error().text);
    }
    if (old != all.end() && same_definition(before, record)) {
        return transaction.finish(before);
    }
    record.version = transaction.next_version();
    transaction.run("service_written",
                    "INSERT INTO izar_services (service_id, name, definition, version) VALUES (?, ?, ?, ?)" +
                        sql_on_conflict(transaction.dialect(), "service_id") +
                        sql_take_incoming(transaction.dialect(), {"definition", "version"}),
                    {std::int64_t{raw(record.service.id)}, std::string(service.name), service_text(service),
                     static_cast<std::int64_t>(record.version)});
    write_node_vips(transaction, before, record);
    lead_domains_without_service(transaction, LeadTo::namesake);
    return transaction.finish(std::move(record));
}

StoreResult<void> SqlStore::remove_service(std::string_view name, WallTime now) {
    Transaction transaction = writing("remove_service");
    const auto found = read_services(transaction, "WHERE name = ?", {std::string(name)});
    if (found.empty()) {
        return transaction.refuse(fmt::format("there is no service {}; 'izar services' lists them", name.substr(0, 40)),
                                  StoreFault::missing);
    }
    const auto users = read_domains(transaction, "WHERE service = ?", {std::string(name)});
    if (!users.empty()) {
        return transaction.refuse(
            fmt::format("domain {} leads to service {}; remove the domain first", users.front().domain, name),
            StoreFault::conflict);
    }
    write_node_vips(transaction, found.front(), ServiceRecord{});
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
