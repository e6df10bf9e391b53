// Which service a domain leads to: over both databases.
#include "ctrl/store/testing/store_suite.h"

namespace izar {
namespace {

TYPED_TEST_SUITE(StoreSuite, Backings);

// Of the only domain, or of the one with this name.
std::string service_of(Store& store, std::string_view domain) {
    for (const DomainRecord& record : granted(store.domains())) {
        if (record.domain == domain) {
            return record.service;
        }
    }
    return "there is no such domain";
}

Inventory original_domains() {
    Inventory out;
    out.domains = {{"example.com", address("10.0.1.5")},
                   {"api.example.com", address("10.0.1.6")},
                   {"cdn.example.com", address("10.0.1.7")}};
    return out;
}

TYPED_TEST(StoreSuite, ADomainWithoutAServiceGetsTheOnlyOne) {
    const auto none = this->store().set_domain("example.com", address("10.0.1.5"), "", kNow);
    EXPECT_EQ(fault_of(none), StoreFault::refused);
    granted(this->store().set_service(service_named("web", "203.0.113.1", "10.1.0.1"), kNow));
    EXPECT_EQ(granted(this->store().set_domain("example.com", address("10.0.1.5"), "", kNow)).service, "web");
    granted(this->store().set_service(service_named("shop", "203.0.113.2", "10.1.0.1"), kNow));
    EXPECT_EQ(granted(this->store().set_domain("example.com", address("10.0.1.9"), "", kNow)).service, "web");
    const auto two = this->store().set_domain("other.com", address("10.0.1.5"), "", kNow);
    ASSERT_FALSE(two);
    EXPECT_NE(two.error().text.find("there are 2 services"), std::string::npos) << two.error().text;
    granted(this->store().set_service(service_named("other.com", "203.0.113.3", "10.1.0.1"), kNow));
    EXPECT_EQ(granted(this->store().set_domain("other.com", address("10.0.1.5"), "", kNow)).service, "other.com");
}

TYPED_TEST(StoreSuite, DomainsOfOneServiceGiveItTheSameOrigin) {
    granted(this->store().set_service(service_named("web", "203.0.113.1", "10.1.0.1"), kNow));
    granted(this->store().set_domain("example.com", address("10.3.0.10"), "web", kNow));
    const auto other = this->store().set_domain("api.example.com", address("10.3.0.11"), "web", kNow);
    ASSERT_FALSE(other);
    EXPECT_NE(other.error().text.find("from domain example.com (10.3.0.10)"), std::string::npos) << other.error().text;
    granted(this->store().set_domain("api.example.com", address("10.3.0.10"), "web", kNow));
    EXPECT_EQ(fault_of(this->store().set_domain("example.com", address("10.3.0.12"), "", kNow)), StoreFault::conflict);
    EXPECT_EQ(granted(this->store().domains())[0].origin_ip, address("10.3.0.10"));

    Inventory inventory;
    inventory.domains = {{"example.com", address("10.3.0.13")}};
    EXPECT_EQ(fault_of(this->store().import_inventory(inventory, kNow)), StoreFault::refused);
}

TYPED_TEST(StoreSuite, ADomainsOriginIsOfItsServicesFamily) {
    granted(this->store().set_service(service_named("web", "203.0.113.1", "10.1.0.1"), kNow));
    EXPECT_EQ(fault_of(this->store().set_domain("six.com", address("fd00:3::a"), "web", kNow)), StoreFault::conflict);
    EXPECT_EQ(fault_of(this->store().set_domain("six.com", address("fd00:3::a"), "", kNow)), StoreFault::conflict);
    granted(this->store().set_domain("four.com", address("10.3.0.10"), "web", kNow));
    const auto moved = this->store().set_service(service_named("web", "2001:db8::1", "fd00:3::a"), kNow);
    ASSERT_FALSE(moved);
    EXPECT_NE(moved.error().text.find("domain four.com leads service web"), std::string::npos) << moved.error().text;
}

TYPED_TEST(StoreSuite, ImportedDomainsGetTheServicesOfTheirNames) {
    granted(this->store().set_service(service_named("cdn.example.com", "203.0.113.3", "10.1.0.1"), kNow));
    granted(this->store().import_inventory(original_domains(), kNow));
    EXPECT_EQ(service_of(this->store(), "cdn.example.com"), "cdn.example.com");
    EXPECT_EQ(service_of(this->store(), "example.com"), "") << "which of the others is meant, nobody said";
    const auto version = granted(this->store().static_version());
    granted(this->store().set_service(service_named("example.com", "203.0.113.1", "10.1.0.1"), kNow));
    EXPECT_EQ(service_of(this->store(), "example.com"), "example.com");
    EXPECT_EQ(granted(this->store().changes_since(version)).domains.size(), 1U);
    EXPECT_EQ(granted(this->store().set_domain("api.example.com", address("10.0.1.5"), "example.com", kNow)).service,
              "example.com");
}

TYPED_TEST(StoreSuite, ASingleImportedDomainGetsTheOnlyService) {
    granted(this->store().set_service(service_named("web", "203.0.113.1", "10.1.0.1"), kNow));
    Inventory one = original_domains();
    one.domains.resize(1);
    granted(this->store().import_inventory(one, kNow));
    EXPECT_EQ(service_of(this->store(), "example.com"), "web");
    granted(this->store().import_inventory(original_domains(), kNow));
    EXPECT_EQ(service_of(this->store(), "api.example.com"), "");
}

// Each alone would contradict the other's former origin.
TYPED_TEST(StoreSuite, DomainsOfOneServiceMoveTogetherByHand) {
    granted(this->store().set_service(service_named("web", "203.0.113.1", "10.1.0.1"), kNow));
    granted(this->store().set_domain("a.example", address("10.3.0.10"), "web", kNow));
    granted(this->store().set_domain("b.example", address("10.3.0.10"), "web", kNow));
    this->backing().run_outside("UPDATE domain_origin SET origin_ip = '10.3.0.11' WHERE domain = 'a.example'");
    const auto refused = granted(this->store().adopt_public_rows(kNow));
    EXPECT_EQ(refused.taken, 0U);
    ASSERT_EQ(refused.refused.size(), 1U);
    EXPECT_NE(refused.refused[0].find("domain b.example (10.3.0.10)"), std::string::npos) << refused.refused[0];
    this->backing().run_outside("UPDATE domain_origin SET origin_ip = '10.3.0.11' WHERE domain = 'b.example'");
    EXPECT_EQ(granted(this->store().adopt_public_rows(kNow)).taken, 2U);
    EXPECT_EQ(granted(this->store().domains())[0].origin_ip, address("10.3.0.11"));
}

}  // namespace
}  // namespace izar
