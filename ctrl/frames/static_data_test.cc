#include "ctrl/frames/static_data.h"

#include <control.pb.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstring>

#include "dataplane/base/limits.h"
#include "sched/policy_file.h"

namespace izar {
namespace {

FleetNode node(std::uint16_t id, std::uint8_t last_byte) {
    FleetNode out;
    out.id = NodeId{id};
    out.overlay_address = *IpAddress::parse("10.0.0." + std::to_string(last_byte));
    std::strcpy(out.name, ("n" + std::to_string(id)).c_str());
    std::strcpy(out.region, "eu");
    return out;
}

Service service(std::uint32_t id, std::uint16_t port) {
    Service out;
    out.id = ServiceId{id};
    std::strcpy(out.name, ("s" + std::to_string(id)).c_str());
    out.vip = *IpAddress::parse("10.99.0.80");
    out.first_port = out.last_port = port;
    out.egresses = {{NodeId{1}, 1}};
    out.origins = {{*IpAddress::parse("10.2.0.10"), 80, 1}};
    return out;
}

// Some data out of a few nodes and services, so that two of them share much.
StaticData some_data(std::uint64_t version) {
    StaticData out;
    out.version = version;
    for (std::uint16_t id = 1; id <= 6; ++id) {
        if (*rc::gen::arbitrary<bool>()) {
            out.nodes[NodeId{id}] = node(id, *rc::gen::inRange<std::uint8_t>(1, 4));
            out.secrets[NodeId{id}] = LinkSecret{*rc::gen::inRange<std::uint8_t>(0, 3)};
            if (*rc::gen::arbitrary<bool>()) {
                out.former_secrets[NodeId{id}] = LinkSecret{*rc::gen::inRange<std::uint8_t>(0, 3)};
            }
        }
        if (*rc::gen::arbitrary<bool>()) {
            out.services[ServiceId{id}] = service(id, *rc::gen::inRange<std::uint16_t>(80, 83));
        }
    }
    out.routing_policy = *rc::gen::element<std::string>("", "policies: [{name: fast}]", "policies: [{name: eu}]");
    return out;
}

std::string text(const StaticData& data) {
    return whole_update(data).SerializeAsString();
}

RC_GTEST_PROP(StaticData, ChangesLeadFromOneToTheOther, ()) {
    const StaticData from = some_data(1);
    const StaticData to = some_data(2);
    StaticData changed = from;
    RC_ASSERT(apply_update(update_between(from, to), changed).has_value());
    RC_ASSERT(text(changed) == text(to));
    StaticData whole = from;
    RC_ASSERT(apply_update(whole_update(to), whole).has_value());
    RC_ASSERT(text(whole) == text(to));
}

TEST(StaticData, ChangeOfAnotherVersionIsRefused) {
    StaticData data;
    data.version = 5;
    control::StaticUpdate update;
    update.set_base(4);
    update.set_version(6);
    EXPECT_FALSE(apply_update(update, data));
    EXPECT_EQ(data.version, 5U);
}

TEST(StaticData, RoutingPolicyIsBounded) {
    StaticData next;
    next.version = 1;
    next.routing_policy.assign(kMaxPolicyBytes, '#');
    StaticData held;
    EXPECT_TRUE(apply_update(whole_update(next), held));
    next.routing_policy += '#';
    EXPECT_FALSE(apply_update(whole_update(next), held));
}

TEST(StaticData, OneBadPartChangesNothing) {
    StaticData data;
    StaticData next;
    next.version = 1;
    next.nodes[NodeId{1}] = node(1, 1);
    control::StaticUpdate update = update_between(data, next);
    control::LinkSecret& secret = *update.add_secrets();
    secret.set_peer(1);
    secret.set_secret("too short");
    EXPECT_FALSE(apply_update(update, data));
    EXPECT_EQ(data.version, 0U);
    EXPECT_TRUE(data.nodes.empty());
}

TEST(StaticData, AFormerSecretGoesWithTheOneThatReplacesIt) {
    StaticData held;
    StaticData next;
    next.version = 1;
    next.secrets[NodeId{2}] = LinkSecret{2};
    next.former_secrets[NodeId{2}] = LinkSecret{1};
    ASSERT_TRUE(apply_update(whole_update(next), held));
    EXPECT_EQ(held.former_secrets.at(NodeId{2}), LinkSecret{1});
    StaticData last = next;
    last.version = 2;
    last.former_secrets.clear();
    control::StaticUpdate update = update_between(next, last);
    ASSERT_EQ(update.secrets_size(), 1);
    update.mutable_secrets(0)->set_former("too short");
    EXPECT_FALSE(apply_update(update, held));
    ASSERT_TRUE(apply_update(update_between(next, last), held));
    EXPECT_TRUE(held.former_secrets.empty());
    EXPECT_EQ(held.secrets.at(NodeId{2}), LinkSecret{2});
}

TEST(StaticData, LimitsHold) {
    StaticData next;
    next.version = 1;
    for (std::uint16_t id = 1; id <= kMaxNodes + 1; ++id) {
        next.nodes[NodeId{id}] = node(id, 1);
    }
    StaticData data;
    EXPECT_FALSE(apply_update(whole_update(next), data));
    next.nodes.erase(NodeId{1});
    EXPECT_TRUE(apply_update(whole_update(next), data));
}

}  // namespace
}  // namespace izar
