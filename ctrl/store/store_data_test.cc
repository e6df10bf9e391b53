// Services, domains, versions, measurements and history over both databases.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "ctrl/store/testing/store_suite.h"
#include "dataplane/base/random.h"

namespace izar {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

TYPED_TEST_SUITE(StoreSuite, Backings);

TYPED_TEST(StoreSuite, AServiceKeepsItsIdThroughChanges) {
    const auto first = granted(this->store().set_service(service_named("web", "203.0.113.1", "10.1.0.1"), kNow));
    const auto again = granted(this->store().set_service(service_named("web", "203.0.113.1", "10.1.0.1"), kNow));
    EXPECT_EQ(again.version, first.version);  // nothing changed
    const auto moved = granted(this->store().set_service(service_named("web", "203.0.113.1", "10.1.0.2"), kNow));
    EXPECT_EQ(moved.service.id, first.service.id);
    EXPECT_GT(moved.version, first.version);
    const auto all = granted(this->store().services());
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(std::string_view(all[0].service.name), "web");
    EXPECT_EQ(all[0].service.origins[0].address, address("10.1.0.2"));
    EXPECT_EQ(all[0].service.origins[0].port, 8080);
}

TYPED_TEST(StoreSuite, ARemovedServicesIdIsNotGivenAgain) {
    const auto first = granted(this->store().set_service(service_named("web", "203.0.113.1", "10.1.0.1"), kNow));
    granted(this->store().remove_service("web", kNow));
    EXPECT_EQ(fault_of(this->store().remove_service("web", kNow)), StoreFault::missing);
    const auto next = granted(this->store().set_service(service_named("web", "203.0.113.1", "10.1.0.1"), kNow));
    EXPECT_NE(next.service.id, first.service.id);
}

TYPED_TEST(StoreSuite, TwoServicesCannotHaveOnePlace) {
    granted(this->store().set_service(service_named("web", "203.0.113.1", "10.1.0.1"), kNow));
    EXPECT_EQ(fault_of(this->store().set_service(service_named("shop", "203.0.113.1", "10.1.0.9"), kNow)),
              StoreFault::conflict);
    EXPECT_TRUE(this->store().set_service(service_named("shop", "203.0.113.2", "10.1.0.9"), kNow));
}

TYPED_TEST(StoreSuite, DomainsStandInTheirPublicTable) {
    granted(this->store().set_service(service_named("web", "203.0.113.1", "10.1.0.1"), kNow));
    const auto first = granted(this->store().set_domain("Example.COM.", address("10.0.1.5"), "", kNow));
    EXPECT_EQ(first.domain, "example.com");
    EXPECT_EQ(this->backing().ask_outside("SELECT origin_ip FROM domain_origin WHERE domain = 'example.com'"),
              "10.0.1.5");
    granted(this->store().set_domain("example.com", address("10.0.1.6"), "", kNow + hours{1}));
    EXPECT_EQ(this->backing().ask_outside("SELECT origin_ip FROM domain_origin"), "10.0.1.6");
    EXPECT_EQ(granted(this->store().domains()).at(0).created_at, kNow);
    granted(this->store().remove_domain("EXAMPLE.com", kNow));
    EXPECT_EQ(this->backing().ask_outside("SELECT COUNT(*) FROM domain_origin"), "0");
    EXPECT_EQ(fault_of(this->store().remove_domain("example.com", kNow)), StoreFault::missing);
}

TYPED_TEST(StoreSuite, ADomainsServiceMustBeThereAndStay) {
    EXPECT_EQ(fault_of(this->store().set_domain("a.example", address("10.0.1.5"), "web", kNow)), StoreFault::refused);
    granted(this->store().set_service(service_named("web", "203.0.113.1", "10.1.0.1"), kNow));
    granted(this->store().set_domain("a.example", address("10.0.1.5"), "web", kNow));
    EXPECT_EQ(fault_of(this->store().remove_service("web", kNow)), StoreFault::conflict);
}

TYPED_TEST(StoreSuite, NodesStandInTheirPublicTableUntilRevoked) {
    const auto node = this->joined(1);
    EXPECT_EQ(this->backing().ask_outside("SELECT region FROM node_region WHERE ip = '10.0.0.1' AND id = 1"), "eu");
    granted(this->store().revoke_node(node.id, kNow));
    EXPECT_EQ(this->backing().ask_outside("SELECT COUNT(*) FROM node_region"), "0");
}

TYPED_TEST(StoreSuite, RowsWrittenByAnotherProgramAreTakenUp) {
    this->backing().run_outside(
        "INSERT INTO node_region (ip, region, hostname, description) VALUES"
        " ('192.168.1.1', 'US-East', 'controller-01', 'Primary'), ('192.168.1.2', 'US-West', NULL, NULL);"
        "INSERT INTO domain_origin (domain, origin_ip) VALUES ('example.com', '10.0.1.5')");
    const auto adopted = granted(this->store().adopt_public_rows(kNow));
    EXPECT_EQ(adopted.taken, 3U);
    EXPECT_TRUE(adopted.refused.empty()) << adopted.refused[0];
    const auto nodes = granted(this->store().nodes());
    ASSERT_EQ(nodes.size(), 2U);
    EXPECT_EQ(nodes[0].name, "controller-01");
    EXPECT_EQ(nodes[1].name, "node-2");
    EXPECT_EQ(nodes[1].region, "US-West");
    EXPECT_EQ(granted(this->store().domains()).at(0).origin_ip, address("10.0.1.5"));
    EXPECT_EQ(granted(this->store().adopt_public_rows(kNow)).taken, 0U);

    this->backing().run_outside("UPDATE domain_origin SET origin_ip = '10.0.1.6'");
    this->backing().run_outside("UPDATE node_region SET region = 'EU' WHERE id = 1");
    EXPECT_EQ(granted(this->store().adopt_public_rows(kNow)).taken, 2U);
    EXPECT_EQ(granted(this->store().domains()).at(0).origin_ip, address("10.0.1.6"));
    EXPECT_EQ(granted(this->store().node(NodeId{1}))->region, "EU");
}

TYPED_TEST(StoreSuite, RowsThatCannotBeTakenUpAreTold) {
    granted(this->store().revoke_node(this->joined(1).id, kNow));
    this->backing().run_outside(
        "INSERT INTO node_region (id, ip, region) VALUES (1, '10.0.0.1', 'eu'), (2, 'not an ip', 'eu'),"
        " (3, '10.0.0.3', 'no region'), (70000, '10.0.0.4', 'eu'), (5, '10.0.0.5', 'eu');"
        "INSERT INTO domain_origin (domain, origin_ip) VALUES ('UPPER.example.com', '10.0.1.5'),"
        " ('ok.example.com', 'nowhere'), ('a b', '10.0.1.5'), ('good.example.com', '10.0.1.5');");
    for (const std::size_t taken : {2U, 0U}) {
        const auto adopted = granted(this->store().adopt_public_rows(kNow));
        EXPECT_EQ(adopted.taken, taken);
        std::string all;
        for (const std::string& line : adopted.refused) {
            all += line + "\n";
        }
        EXPECT_EQ(adopted.refused.size(), 7U) << all;
        for (const char* const part :
             {"node_region, id 1 (10.0.0.1): this node was revoked", "id 2 (not an ip): ip is no address",
              "region 'no region' is no name", "id 70000 (10.0.0.4): the id", "domain_origin, a b: 'a b' is no domain",
              "UPPER.example.com: write it as upper.example.com", "origin_ip 'nowhere' is no address"}) {
            EXPECT_NE(all.find(part), std::string::npos) << part << " is not in\n" << all;
        }
    }
}

TYPED_TEST(StoreSuite, AnotherSpellingOfAnAddressIsTakenUpOnce) {
    this->backing().run_outside(
        "INSERT INTO node_region (ip, region) VALUES ('2001:DB8::1', 'eu');"
        "INSERT INTO domain_origin (domain, origin_ip) VALUES ('example.com', '2001:DB8:0::5')");
    EXPECT_EQ(granted(this->store().adopt_public_rows(kNow)).taken, 2U);
    this->backing().run_outside("UPDATE node_region SET ip = '2001:db8:0::1', hostname = ''");
    EXPECT_EQ(granted(this->store().adopt_public_rows(kNow)).taken, 1U);
    EXPECT_EQ(granted(this->store().adopt_public_rows(kNow)).taken, 0U);
}

TYPED_TEST(StoreSuite, AnInventoryIsTakenWholeOrNotAtAll) {
    Inventory inventory;
    inventory.nodes = {{.name = "a", .region = "eu", .address = address("10.0.0.1")},
                       {.name = "a", .region = "eu", .address = address("10.0.0.2")}};
    inventory.domains = {{"example.com", address("10.0.1.5")}};
    EXPECT_EQ(fault_of(this->store().import_inventory(inventory, kNow)), StoreFault::refused);
    EXPECT_TRUE(granted(this->store().nodes()).empty());
    inventory.nodes.pop_back();
    granted(this->store().import_inventory(inventory, kNow));
    const auto version = granted(this->store().static_version());
    granted(this->store().import_inventory(inventory, kNow));
    EXPECT_EQ(granted(this->store().static_version()), version);
}

// What a reader holds that applies increments, against what the store says when asked for everything.
struct Reader {
    StaticVersion version{0};
    std::map<std::uint16_t, StaticVersion> nodes;
    std::map<std::uint32_t, StaticVersion> services;
    std::map<std::string, StaticVersion> domains;
    std::map<std::string, StaticVersion> documents;

    void apply(const StaticChanges& changes) {
        if (changes.whole) {
            *this = {};
        }
        version = changes.version;
        for (const auto& each : changes.removed_services) {
            services.erase(raw(each));
        }
        for (const auto& each : changes.removed_domains) {
            domains.erase(each);
        }
        for (const auto& each : changes.removed_documents) {
            documents.erase(each);
        }
        for (const auto& each : changes.nodes) {
            nodes[raw(each.id)] = each.version;
        }
        for (const auto& each : changes.services) {
            services[raw(each.service.id)] = each.version;
        }
        for (const auto& each : changes.domains) {
            domains[each.domain] = each.version;
        }
        for (const auto& each : changes.documents) {
            documents[each.name] = each.version;
        }
    }
    friend bool operator==(const Reader&, const Reader&) = default;
};

void change_something(Store& store, Random& random, WallTime now) {
    const std::string name = "n" + std::to_string(random.below(4));
    const std::string last = std::to_string(1 + random.below(250));
    switch (random.below(8)) {
        case 0:
            (void)store.set_service(service_named(name, "203.0.113." + last, "10.1.0." + last), now);
            break;
        case 1:
            (void)store.remove_service(name, now);
            break;
        case 2:
            (void)store.set_service(service_named(name + ".example", "203.0.114." + name.substr(1), "10.1.0.1"), now);
            (void)store.set_domain(name + ".example", address("10.0.0." + last), "", now);
            break;
        case 3:
            (void)store.remove_domain(name + ".example", now);
            break;
        case 4:
            (void)store.set_document(name, last, now);
            break;
        case 5:
            (void)store.remove_document(name, now);
            break;
        case 6:
            (void)store.set_drained(NodeId{1}, random.below(2) == 0, now);
            break;
        default:
            (void)store.compact(now);
            break;
    }
}

TYPED_TEST(StoreSuite, IncrementsLeadWhereTheWholeLeads) {
    const std::uint64_t seed = 5;
    SCOPED_TRACE(seed);
    Random random(seed);
    this->joined(1);
    Reader follower;
    Reader away;  // looks seldom, so that what it lacks may be forgotten already
    std::uint64_t wholes = 0;
    for (int step = 0; step < 120; ++step) {
        change_something(this->store(), random, kNow + hours{step * 6});
        const auto changes = granted(this->store().changes_since(follower.version));
        follower.apply(changes);
        if (step % 40 == 39) {
            const auto missed = granted(this->store().changes_since(away.version));
            wholes += missed.whole ? 1 : 0;
            away.apply(missed);
            EXPECT_EQ(away, follower) << "step " << step;
        }
        Reader fresh;
        fresh.apply(granted(this->store().changes_since(StaticVersion{0})));
        ASSERT_EQ(fresh, follower) << "step " << step;
    }
    EXPECT_GE(wholes, 2U);  // the seldom reader met the end of the store's memory
}

TYPED_TEST(StoreSuite, AReaderFromTheFutureGetsEverything) {
    this->joined(1);
    EXPECT_TRUE(granted(this->store().changes_since(StaticVersion{999})).whole);
}

SystemInfo sample(std::string_view ip, WallTime at) {
    SystemInfo s;
    s.ip = ip;
    s.cpu_cores = 8;
    s.cpu_model_name = "EPYC 9354P";
    s.cpu_mhz = 2600.5;
    s.cpu_cache_size = 32768;
    s.cpu_usage = 12.5;
    s.memory_total = std::uint64_t{1} << 40;
    s.memory_available = 3;
    s.memory_used = 4;
    s.memory_used_percent = 0.25;
    s.disk_device = "/dev/nvme0n1p1";
    s.disk_total = 6;
    s.disk_free = 7;
    s.disk_used = 8;
    s.disk_used_percent = 50;
    s.network_interface_name = "eth0";
    s.network_bytes_sent = 9;
    s.network_bytes_recv = 10;
    s.network_packets_sent = 11;
    s.network_packets_recv = 12;
    s.hostname = "höst";
    s.os = "linux";
    s.platform = "debian";
    s.platform_version = "12";
    s.uptime = 86400;
    s.load1 = 0.5;
    s.load5 = 0.25;
    s.load15 = 0.125;
    s.timestamp = at;
    return s;
}

TYPED_TEST(StoreSuite, SystemInfoKeepsEveryColumn) {
    const std::vector<SystemInfo> first{sample("10.0.0.1", kNow), sample("10.0.0.2", kNow)};
    granted(this->store().write_system_info(first, kNow));
    EXPECT_EQ(granted(this->store().latest_system_info()), first);
    const std::vector<SystemInfo> second{sample("10.0.0.1", kNow + seconds{5})};
    granted(this->store().write_system_info(second, kNow));
    EXPECT_EQ(granted(this->store().latest_system_info()).at(0), second[0]);
}

TYPED_TEST(StoreSuite, ProbesAndLinkMetricsReadBack) {
    const std::vector<RegionProbe> probes{{"10.0.0.1", "eu", "10.0.0.2", "us", 45, kNow},
                                          {"10.0.0.1", "eu", "2001:db8::1", "us", 120, kNow + seconds{5}}};
    granted(this->store().write_region_probes(probes));
    EXPECT_EQ(granted(this->store().region_probes(kNow)), probes);
    EXPECT_EQ(granted(this->store().region_probes(kNow + seconds{1})).size(), 1U);
    EXPECT_EQ(granted(this->store().newest_region_probes(1)), std::vector{probes[1]});
    EXPECT_EQ(granted(this->store().newest_region_probes(9)), (std::vector{probes[1], probes[0]}));

    std::vector<LinkMetric> metrics{{"10.0.0.1", "10.0.0.2", 45.5, 20, 4, 0.5, 0.25, 3, kNow},
                                    {"10.0.0.2", "10.0.0.1", 46, 20, 4, 0.5, 0.25, std::nullopt, kNow}};
    granted(this->store().write_link_metrics(metrics, {}));
    metrics[0].link_latency = 50.25;
    metrics[0].updated_at += seconds{5};
    granted(this->store().write_link_metrics(std::span(metrics).first(1), {}));
    EXPECT_EQ(granted(this->store().link_metrics()), metrics);
    EXPECT_EQ(granted(this->store().link_metrics_from("10.0.0.2")), std::vector{metrics[1]});
    granted(this->store().write_link_metrics({}, std::vector<LinkEnds>{{"10.0.0.2", "10.0.0.1"}}));
    EXPECT_EQ(granted(this->store().link_metrics()), std::vector{metrics[0]});
}

constexpr HistorySubject kLink{NodeId{1}, NodeId{2}};

TYPED_TEST(StoreSuite, HistoryFoldsWithoutLosingMeanOrExtreme) {
    double total = 0;
    constexpr int kSamples = 3 * 24 * 60;  // one a minute for three days
    std::vector<HistorySample> samples;
    for (int i = 0; i < kSamples; ++i) {
        const double value = i == 1000 ? 500 : 20 + i % 7;
        total += value;
        samples.push_back({.subject = kLink, .at = kNow + minutes{i}, .value = value});
    }
    granted(this->store().write_history(samples));
    HistoryQuery query{.subject = kLink, .from = kNow, .to = kNow + hours{72}, .most_points = 100'000};
    EXPECT_EQ(granted(this->store().history(query)).size(), std::size_t{kSamples});
    for (const hours age : {hours{80}, hours{24 * 20}, hours{24 * 300}}) {
        granted(this->store().compact(kNow + age));
        const auto points = granted(this->store().history(query));
        std::uint64_t count = 0;
        double sum = 0;
        double greatest = 0;
        for (const HistoryPoint& point : points) {
            count += point.count;
            sum += point.mean * static_cast<double>(point.count);
            greatest = std::max(greatest, point.greatest);
        }
        EXPECT_EQ(count, std::uint64_t{kSamples}) << age.count();
        EXPECT_NEAR(sum, total, 1e-6);
        EXPECT_EQ(greatest, 500);
    }
    query.from = kNow - hours{1};
    EXPECT_LE(granted(this->store().history(query)).size(), std::size_t{74});  // hours by now
    query.most_points = 10;
    EXPECT_LE(granted(this->store().history(query)).size(), std::size_t{10});
    granted(this->store().compact(kNow + hours{24 * 500}));
    EXPECT_TRUE(granted(this->store().history(query)).empty());
}

TYPED_TEST(StoreSuite, SamplesOfOneBucketAndOfLateRoundsAddUp) {
    const std::vector<HistorySample> round{{.subject = kLink, .at = kNow, .value = 1},
                                           {.subject = kLink, .at = kNow + seconds{5}, .value = 3}};
    granted(this->store().write_history(round));
    const std::vector<HistorySample> late{{.subject = kLink, .at = kNow + seconds{9}, .value = 8}};
    granted(this->store().write_history(late));
    const auto points = granted(this->store().history({.subject = kLink, .from = kNow, .to = kNow + seconds{10}}));
    ASSERT_EQ(points.size(), 1U);
    EXPECT_EQ(points[0], (HistoryPoint{kNow, seconds{10}, 3, 4, 1, 8}));
}

TYPED_TEST(StoreSuite, OldSamplesGoAndTheLastOfEachNodeStays) {
    granted(this->store().write_system_info(
        std::vector{sample("10.0.0.1", kNow), sample("10.0.0.1", kNow + hours{1}), sample("10.0.0.2", kNow)}, kNow));
    granted(this->store().write_region_probes(std::vector{RegionProbe{"10.0.0.1", "eu", "10.0.0.2", "us", 45, kNow}}));
    granted(this->store().compact(kNow + hours{24 * 30}));
    EXPECT_EQ(this->backing().ask_outside("SELECT COUNT(*) FROM system_info"), "2");
    EXPECT_TRUE(granted(this->store().region_probes(WallTime{})).empty());
    EXPECT_EQ(granted(this->store().latest_system_info()).size(), 2U);
}

TYPED_TEST(StoreSuite, LinksOfRevokedNodesAndOldOnesAreForgotten) {
    const auto metric = [](int source, int destination) {
        LinkMetric out{"10.0.0." + std::to_string(source), "10.0.0." + std::to_string(destination), 5};
        out.updated_at = kNow;
        return out;
    };
    for (const std::uint8_t number : {1, 2, 3}) {
        this->joined(number);
    }
    granted(this->store().write_link_metrics(std::vector{metric(1, 2), metric(1, 3), metric(2, 3), metric(3, 1)}, {}));
    granted(this->store().revoke_node(NodeId{3}, kNow));
    granted(this->store().compact(kNow));
    EXPECT_EQ(granted(this->store().link_metrics()), std::vector{metric(1, 2)});
    granted(this->store().compact(kNow + hours{24 * 8}));
    EXPECT_TRUE(granted(this->store().link_metrics()).empty());
}

TYPED_TEST(StoreSuite, TokensAreForgottenSomeTimeAfterTheirEnd) {
    granted(this->store().create_token(token_number(1), {.region = "eu"}, kNow));
    granted(this->store().compact(kNow + hours{2}));
    EXPECT_EQ(granted(this->store().tokens()).size(), 1U);
    granted(this->store().compact(kNow + hours{24 * 8}));
    EXPECT_TRUE(granted(this->store().tokens()).empty());
}

}  // namespace
}  // namespace izar
