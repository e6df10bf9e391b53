#include <fmt/format.h>

#include "ctrl/store/checks.h"
#include "ctrl/store/sql_store.h"
#include "ctrl/store/wall_text.h"

namespace izar {
namespace {

std::string known_spelling(std::string_view domain) {
    return checked_domain(domain).value_or(std::string(domain));
}

}  // namespace

std::vector<DomainRecord> read_domains(Transaction& transaction, std::string_view condition, const SqlValues& values) {
    std::vector<DomainRecord> out;
    for (const SqlRow& row : transaction.query(
             fmt::format("SELECT domain, origin_ip, service, created_ms, version FROM izar_domains {} ORDER BY domain",
                         condition),
             values)) {
        out.push_back({.domain = row.text(0),
                       .origin_ip = IpAddress::parse(row.text(1)).value_or(IpAddress{}),
                       .service = row.text(2),
                       .created_at = loaded(row.integer(3)),
                       .version = StaticVersion{static_cast<std::uint64_t>(row.integer(4))}});
    }
    return out;
}

void write_domain(Transaction& transaction, const DomainRecord& domain) {
    transaction.run("domain_written",
                    "INSERT INTO izar_domains (domain, origin_ip, service, created_ms, version)"
                    " VALUES (?, ?, ?, ?, ?)" +
                        sql_on_conflict(transaction.dialect(), "domain") +
                        sql_take_incoming(transaction.dialect(), {"origin_ip", "service", "version"}),
                    {domain.domain, domain.origin_ip.text(), domain.service, stored(domain.created_at),
                     static_cast<std::int64_t>(domain.version)});
    transaction.run("origin_row_written",
                    "INSERT INTO domain_origin (domain, origin_ip, created_at) VALUES (?, ?, ?)" +
                        sql_on_conflict(transaction.dialect(), "domain") +
                        sql_take_incoming(transaction.dialect(), {"origin_ip", "created_at"}),
                    {domain.domain, domain.origin_ip.text(), wall_text(domain.created_at)});
    unmark_removed(transaction, Removed::domain, domain.domain);
}

StoreResult<DomainRecord> SqlStore::set_domain(std::string_view domain, const IpAddress& origin_ip,
                                               std::string_view service, WallTime now) {
    auto name = checked_domain(domain);
    Transaction transaction = writing("set_domain");
    if (!name || origin_ip.is_unspecified()) {
        return transaction.refuse(name ? fmt::format("domain {} needs the address of an origin", *name)
                                       : name.error().text);
    }
    const auto old = read_domains(transaction, "WHERE domain = ?", {*name});
    DomainRecord record = old.empty() ? DomainRecord{.domain = std::move(*name), .created_at = now} : old.front();
    record.origin_ip = origin_ip;
    auto led = service_to_lead(transaction, record, service);
    if (!led) {
        return transaction.refuse(led.error().text, led.error().fault);
    }
    record.service = *std::move(led);
    if (!old.empty()) {
        if (record == old.front()) {
            return transaction.finish(old.front());
        }
    } else if (const auto count = transaction.query("SELECT COUNT(*) FROM izar_domains", {});
               !count.empty() && count.front().integer(0) >= static_cast<std::int64_t>(kMaxDomains)) {
        return transaction.refuse(fmt::format("there are {} domains, the most there can be", kMaxDomains));
    }
    record.version = transaction.next_version();
    write_domain(transaction, record);
    return transaction.finish(std::move(record));
}

StoreResult<void> SqlStore::remove_domain(std::string_view domain, WallTime now) {
    const std::string name = known_spelling(domain);
    Transaction transaction = writing("remove_domain");
    if (transaction.run("domain_removed", "DELETE FROM izar_domains WHERE domain = ?", {name}) == 0) {
        return transaction.refuse(fmt::format("there is no domain {}; 'izar domains' lists them", name.substr(0, 253)),
                                  StoreFault::missing);
    }
    transaction.run("origin_row_removed", "DELETE FROM domain_origin WHERE domain = ?", {name});
    mark_removed(transaction, Removed::domain, name, now);
    return transaction.finish();
}

StoreResult<std::vector<DomainRecord>> SqlStore::domains() {
    Transaction transaction = reading();
    auto all = read_domains(transaction, "", {});
    return transaction.finish(std::move(all));
}

}  // namespace izar
