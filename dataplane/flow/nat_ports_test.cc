#include "dataplane/flow/nat_ports.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <bitset>
#include <map>
#include <set>
#include <tuple>
#include <vector>

#include "dataplane/base/check.h"

namespace izar {
namespace {

using Key = FlowKey<Ipv4Address>;
using Table = FlowTable<Ipv4Address>;
using Ports = NatPorts<Ipv4Address>;

constexpr HashSeed kSeed = HashSeed::from(1);
const Instant kStart{std::chrono::seconds{1}};
const std::array<Ipv4Address, 2> kAddresses = {Ipv4Address{Be32{0x0A000001}}, Ipv4Address{Be32{0x0A000002}}};
const auto kOneAddress = std::span<const Ipv4Address>{kAddresses}.first(1);
const Ipv4Address kOrigin{Be32{0x0A090909}};
const Be16 kOriginPort{80};

Table make_table(std::uint32_t capacity) {
    return std::move(Table::make(capacity, kSeed).value());
}

Key client(std::uint32_t n, std::uint16_t port, IpProtocol protocol = IpProtocol::tcp) {
    return {{Be32{0xAC100000 + n}}, {Be32{0xC0000201}}, Be16{port}, Be16{80}, protocol, {}};
}

std::optional<Ports::Reply> choose(const Table& table, Ports& ports, const Key& key,
                                   const Ipv4Address& origin = kOrigin) {
    const auto reply = ports.choose(table, key, ports.first_choice(table, key, origin, kOriginPort));
    CHECK(!reply || reply->hash == table.hash(reply->key));
    return reply;
}

// What the egress does for a new flow. None if no port was free.
std::optional<Key> open_session(Table& table, Ports& ports, const Key& key, const Ipv4Address& origin = kOrigin) {
    ports.begin_round();
    const auto reply = choose(table, ports, key, origin);
    if (!reply) {
        return std::nullopt;
    }
    const FlowRef ref = table.create(key, table.hash(key), kStart);
    CHECK(ref && table.add_session(ref, *reply));
    return reply->key;
}

TEST(NatPorts, KeepsTheClientsPortWhereItCan) {
    Table table = make_table(100);
    Ports ports(kOneAddress, LcoreIndex{0}, 1, 7);
    const auto first = open_session(table, ports, client(1, 5000));
    ASSERT_TRUE(first);
    EXPECT_EQ(*first, (Key{kOrigin, kAddresses[0], kOriginPort, Be16{5000}, IpProtocol::tcp, {}}));
    // Taken by the first for this origin, free for another protocol and another origin.
    EXPECT_NE(open_session(table, ports, client(2, 5000))->destination_port.value(), 5000);
    EXPECT_EQ(open_session(table, ports, client(1, 5000, IpProtocol::udp))->destination_port.value(), 5000);
    EXPECT_EQ(open_session(table, ports, client(3, 5000), {Be32{0x0A090908}})->destination_port.value(), 5000);
    // Below kFirstNatPort is nobody's.
    EXPECT_GE(open_session(table, ports, client(4, 80))->destination_port.value(), kFirstNatPort);
    EXPECT_EQ(ports.chosen(), 5U);
    EXPECT_EQ(ports.exhausted(), 0U);
}

// What the first choice fetches is what choose() then looks at.
TEST(NatPorts, TheFirstChoiceIsTakenWhereItIsFree) {
    Table table = make_table(1'000);
    Ports ports(kAddresses, LcoreIndex{0}, 1, 7);
    for (const IpProtocol protocol : {IpProtocol::tcp, IpProtocol::udp, IpProtocol::icmp}) {
        for (std::uint16_t n = 0; n < 20; ++n) {
            const Key key = client(n, static_cast<std::uint16_t>(3000 + n), protocol);
            const auto first = ports.first_choice(table, key, kOrigin, kOriginPort);
            ASSERT_TRUE(first);
            EXPECT_EQ(open_session(table, ports, key), first->key);
        }
    }
    EXPECT_FALSE(Ports({}, LcoreIndex{0}, 1, 7).first_choice(table, client(1, 3000), kOrigin, kOriginPort));
}

TEST(NatPorts, EchoTranslatesTheIdentifierOnly) {
    Table table = make_table(100);
    Ports ports(kOneAddress, LcoreIndex{0}, 1, 7);
    Key echo = client(1, 2000, IpProtocol::icmp);
    echo.destination_port = Be16{0};
    const auto first = open_session(table, ports, echo);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->source_port.value(), 0);
    EXPECT_EQ(first->destination_port.value(), 2000);
    echo.source = {Be32{0xAC100002}};
    EXPECT_NE(open_session(table, ports, echo)->destination_port.value(), 2000);
}

TEST(NatPorts, EveryPortHasOneOwner) {
    for (std::size_t lcores = 1; lcores <= kMaxLcores; ++lcores) {
        for (std::uint32_t port = kFirstNatPort; port <= 65535; ++port) {
            ASSERT_LT(raw(nat_port_owner(static_cast<std::uint16_t>(port), lcores)), lcores);
        }
    }
}

TEST(NatPorts, AClientBeginsWithOneAddress) {
    Table table = make_table(1'000);
    Ports ports(kAddresses, LcoreIndex{0}, 1, 7);
    std::set<std::uint32_t> used;
    for (std::uint32_t n = 0; n < 20; ++n) {
        const auto first = open_session(table, ports, client(n, 5000));
        const auto second = open_session(table, ports, client(n, 5001));
        EXPECT_EQ(first->destination, second->destination);
        used.insert(first->destination.bits.value());
    }
    EXPECT_EQ(used.size(), kAddresses.size()) << "different clients use all addresses";
}

TEST(NatPorts, NoAddressOrNoShareIsExhaustion) {
    const Table table = make_table(10);
    Ports none({}, LcoreIndex{0}, 1, 7);
    EXPECT_FALSE(choose(table, none, client(1, 5000)));
    EXPECT_EQ(none.exhausted(), 1U);
    Ports shareless(kAddresses, LcoreIndex{2}, 4, 7, {1024, 1025});  // ports 1024 and 1025 belong to lcores 0 and 1
    EXPECT_FALSE(choose(table, shareless, client(1, 5000)));
}

// 64 k sessions to one origin from one address: all but the last few percent of ports are found within the probes.
TEST(NatPorts, FillsAnAddressAlmostWholly) {
    Table table = make_table(65'536);
    Ports ports(kOneAddress, LcoreIndex{0}, 1, 7);
    std::uint32_t opened = 0;
    while (open_session(table, ports, client(opened, 80))) {
        ++opened;
    }
    EXPECT_GE(opened, (65'536 - kFirstNatPort) * 97 / 100);
    EXPECT_LE(ports.probes() / opened, 6U) << "mean probes over the whole way";
}

// A flood of new sessions to an origin whose ports are all taken takes a bounded part of a round.
TEST(NatPorts, ExhaustionCostsARoundABoundedNumberOfProbes) {
    Table table = make_table(65'536);
    Ports ports(kAddresses, LcoreIndex{0}, 1, 7, {1024, 2047});
    std::uint32_t opened = 0;
    while (open_session(table, ports, client(opened, 80))) {
        ++opened;
    }
    ports.begin_round();
    const std::uint64_t before = ports.probes();
    constexpr std::uint64_t kChoices = 1'000;
    for (std::uint32_t n = 0; n < kChoices; ++n) {
        EXPECT_FALSE(choose(table, ports, client(100'000 + n, 80)));
    }
    EXPECT_LE(ports.probes() - before, Ports::kProbesARound + Ports::kProbesBeyond * kChoices + Ports::kMaxProbes);
    // The next round finds what became free.
    const Key gone = client(0, 80);
    table.erase(table.find(gone, table.hash(gone)));
    bool found = false;
    for (std::uint32_t n = 0; n < 100 && !found; ++n) {
        found = open_session(table, ports, client(200'000 + n, 80)).has_value();
    }
    EXPECT_TRUE(found);
}

// A few ports, several addresses, lcores and origins: a port is found exactly as long as a bitmap has one.
RC_GTEST_PROP(NatPorts, AgreesWithABitmap, ()) {
    const auto lcores = *rc::gen::inRange<std::size_t>(1, 5);
    const auto self = *rc::gen::inRange<std::uint8_t>(0, static_cast<std::uint8_t>(lcores));
    const auto address_count = *rc::gen::inRange<std::size_t>(1, kAddresses.size() + 1);
    const auto from = *rc::gen::inRange<std::uint16_t>(1024, 1100);
    const auto to = static_cast<std::uint16_t>(from + *rc::gen::inRange<std::uint16_t>(0, 24));
    Ports ports(std::span<const Ipv4Address>{kAddresses}.first(address_count), LcoreIndex{self}, lcores,
                *rc::gen::arbitrary<std::uint64_t>(), {from, to});
    Table table = make_table(500);

    struct Session {
        FlowRef ref;
        std::size_t space;
        std::uint16_t port;
    };
    std::map<std::tuple<std::uint32_t, std::uint32_t>, std::size_t> spaces;  // (origin, address) -> number
    std::array<std::bitset<65536>, 4> taken;
    std::vector<Session> sessions;
    const auto space_of = [&](const Ipv4Address& origin, const Ipv4Address& address) {
        return spaces.emplace(std::tuple{origin.bits.value(), address.bits.value()}, spaces.size()).first->second;
    };
    const auto steps = *rc::gen::container<std::vector<std::uint32_t>>(300, rc::gen::arbitrary<std::uint32_t>());
    for (std::uint32_t n = 0; n < steps.size(); ++n) {
        if (steps[n] % 4 == 0 && !sessions.empty()) {
            const std::size_t which = steps[n] / 4 % sessions.size();
            table.erase(sessions[which].ref);
            taken[sessions[which].space].reset(sessions[which].port);
            sessions.erase(sessions.begin() + static_cast<std::ptrdiff_t>(which));
            continue;
        }
        const Ipv4Address origin{Be32{0x0A090900 + steps[n] / 4 % 2}};
        const Key key = client(n, static_cast<std::uint16_t>(1020 + steps[n] / 8 % 100));
        std::size_t free = 0;
        for (std::size_t a = 0; a < address_count; ++a) {
            for (std::uint32_t port = from; port <= to; ++port) {
                free += port % lcores == self && !taken[space_of(origin, kAddresses[a])][port];
            }
        }
        const auto reply = open_session(table, ports, key, origin);
        RC_ASSERT(reply.has_value() == (free > 0));
        if (reply) {
            const std::uint16_t port = reply->destination_port.value();
            const std::size_t space = space_of(origin, reply->destination);
            RC_ASSERT(port >= from && port <= to && raw(nat_port_owner(port, lcores)) == self);
            RC_ASSERT(!taken[space][port]);
            taken[space].set(port);
            sessions.push_back({table.find(key, table.hash(key)), space, port});
        }
    }
    RC_CLASSIFY(ports.exhausted() > 0, "met exhaustion");
}

}  // namespace
}  // namespace izar
