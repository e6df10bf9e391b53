#include "ctrl/frames/messages.h"

#include <control.pb.h>
#include <gtest/gtest.h>

#include <cstring>

#include "ctrl/frames/frame.h"

namespace izar {
namespace {

Service web() {
    Service out;
    out.id = ServiceId{100};
    std::strcpy(out.name, "web");
    out.vip = *IpAddress::parse("10.99.0.80");
    out.transport = Transport::udp;
    out.first_port = 8000;
    out.last_port = 8099;
    out.duplicate = true;
    out.timeouts.udp = std::chrono::seconds{7};
    out.egresses = {{NodeId{2}, 3}, {NodeId{9}, 0}};
    out.origins = {{*IpAddress::parse("10.2.0.10"), 8080, 1}, {*IpAddress::parse("10.2.0.11"), 0, 5}};
    return out;
}

TEST(Messages, NodeReadsBackAsItWas) {
    FleetNode node;
    node.id = NodeId{65'535};
    node.overlay_address = *IpAddress::parse("2001:db8::1");
    std::strcpy(node.name, "ams");
    std::strcpy(node.region, "eu-west");
    const auto back = read_node(node_message(node));
    ASSERT_TRUE(back) << back.error().text;
    EXPECT_EQ(back->id, node.id);
    EXPECT_EQ(back->overlay_address, node.overlay_address);
    EXPECT_STREQ(back->name, "ams");
    EXPECT_STREQ(back->region, "eu-west");
}

TEST(Messages, BadNodesAreRefused) {
    control::Node good;
    good.set_id(1);
    good.set_name("ams");
    good.set_region("eu");
    good.set_address("\1\2\3\4");
    ASSERT_TRUE(read_node(good));
    const auto is_refused = [&](auto change) {
        control::Node bad = good;
        change(bad);
        return !read_node(bad);
    };
    EXPECT_TRUE(is_refused([](control::Node& node) { node.set_id(0); }));
    EXPECT_TRUE(is_refused([](control::Node& node) { node.set_id(65'536); }));
    EXPECT_TRUE(is_refused([](control::Node& node) { node.set_address("\1\2\3"); }));
    EXPECT_TRUE(is_refused([](control::Node& node) { node.set_name(""); }));
    EXPECT_TRUE(is_refused([](control::Node& node) { node.set_name(std::string(kNameLength, 'a')); }));
    EXPECT_TRUE(is_refused([](control::Node& node) { node.set_region("a b"); }));
}

TEST(Messages, ServiceReadsBackAsItWas) {
    const auto back = read_service(service_message(web()));
    ASSERT_TRUE(back) << back.error().text;
    EXPECT_EQ(service_message(*back).SerializeAsString(), service_message(web()).SerializeAsString());
    EXPECT_EQ(back->origins[1].weight, 5U);
    EXPECT_TRUE(back->duplicate);
    EXPECT_EQ(back->timeouts.udp, std::chrono::seconds{7});
}

TEST(Messages, BadServicesAreRefused) {
    const auto is_refused = [](auto change) {
        control::Service bad = service_message(web());
        change(bad);
        return !read_service(bad);
    };
    EXPECT_TRUE(is_refused([](control::Service& service) { service.set_id(0); }));
    EXPECT_TRUE(is_refused([](control::Service& service) { service.set_id(1U << 24); }));
    EXPECT_TRUE(is_refused([](control::Service& service) { service.set_transport(3); }));
    EXPECT_TRUE(is_refused([](control::Service& service) { service.set_last_port(7999); }));
    EXPECT_TRUE(is_refused([](control::Service& service) { service.set_last_port(65'536); }));
    EXPECT_TRUE(is_refused([](control::Service& service) { service.set_vip(""); }));
    EXPECT_TRUE(is_refused([](control::Service& service) { service.set_name("no/name"); }));
    EXPECT_TRUE(is_refused([](control::Service& service) { service.mutable_egresses(0)->set_node(0); }));
    EXPECT_TRUE(is_refused([](control::Service& service) { service.mutable_origins(0)->set_port(70'000); }));
    EXPECT_TRUE(
        is_refused([](control::Service& service) { service.mutable_origins(0)->set_address(std::string(16, '\1')); }));
    EXPECT_TRUE(is_refused([](control::Service& service) {
        for (std::size_t i = 0; i < kMaxEgresses; ++i) {
            service.add_egresses()->set_node(1);
        }
    }));
    EXPECT_TRUE(
        is_refused([](control::Service& service) { service.mutable_timeouts()->set_udp_ns(~std::uint64_t{0}); }));
}

TEST(Messages, LinkReadsBackAsItWas) {
    FeedLink link;
    link.from = NodeId{1};
    link.to = NodeId{2};
    link.reachable = false;
    link.rtt = std::chrono::microseconds{12'345};
    link.variation = std::chrono::microseconds{67};
    link.loss = 0.25;
    link.count = 9;
    const auto back = read_link(NodeId{1}, link_message(link));
    ASSERT_TRUE(back) << back.error().text;
    EXPECT_FALSE(back->reachable);
    EXPECT_EQ(back->rtt, link.rtt);
    EXPECT_EQ(back->variation, link.variation);
    EXPECT_DOUBLE_EQ(back->loss, 0.25);
    EXPECT_EQ(back->count, 9U);
    EXPECT_FALSE(read_link(NodeId{2}, link_message(link))) << "a link to itself";
    control::LinkItem lossy = link_message(link);
    lossy.set_loss_ppm(1'000'001);
    EXPECT_FALSE(read_link(NodeId{1}, lossy));
}

TEST(Messages, ProbeTargetReadsBackAsItWas) {
    const ProbeTarget target{*IpAddress::parse("fd00::7"), 443, NodeId{9}};
    const auto back = read_target(target_message(target));
    ASSERT_TRUE(back) << back.error().text;
    EXPECT_EQ(*back, target);
    control::ProbeTarget wrong = target_message(target);
    wrong.set_port(65'536);
    EXPECT_FALSE(read_target(wrong));
    wrong = target_message(target);
    wrong.set_address("abc");
    EXPECT_FALSE(read_target(wrong));
}

TEST(Messages, LegReadsBackAsItWas) {
    using std::chrono::microseconds;
    using std::chrono::milliseconds;
    const Instant now{std::chrono::hours{1}};
    const MeasuredLeg leg{Leg::origin,
                          {MeasurementSource::tcp_timestamp, 40, 0, milliseconds{2}, microseconds{2'500},
                           microseconds{30}, now - milliseconds{1'200}}};
    const control::LegItem message = leg_message(leg, now);
    const auto back = read_leg(message, now + std::chrono::hours{1});
    ASSERT_TRUE(back) << back.error().text;
    EXPECT_EQ(back->leg, Leg::origin);
    EXPECT_EQ(back->measured.source, MeasurementSource::tcp_timestamp);
    EXPECT_EQ(back->measured.samples, 40U);
    EXPECT_EQ(back->measured.least, milliseconds{2});
    EXPECT_EQ(back->measured.mean, microseconds{2'500});
    EXPECT_EQ(back->measured.variation, microseconds{30});
    EXPECT_EQ(back->measured.age(now + std::chrono::hours{1}), milliseconds{1'200}) << "by the reader's clock";
    const auto refused = [&](auto change) {
        control::LegItem wrong = message;
        change(wrong);
        return !read_leg(wrong, now).has_value();
    };
    EXPECT_TRUE(refused([](auto& wrong) { wrong.set_count(0); }));
    EXPECT_TRUE(refused([](auto& wrong) { wrong.set_rtt_us(60'000'001); }));
    EXPECT_TRUE(refused([](auto& wrong) { wrong.set_least_us(2'501); }));
    EXPECT_TRUE(refused([](auto& wrong) { wrong.set_variation_us(60'000'001); }));
}

TEST(Messages, ProbeResultReadsBackAsItWas) {
    ProbeAnswer answer{{*IpAddress::parse("10.0.0.2"), 862, NodeId{2}, true}, {}};
    answer.measured = {
        .source = MeasurementSource::stamp, .samples = 9, .lost = 1, .mean = std::chrono::milliseconds{7}};
    const auto back = read_result(result_message(answer));
    ASSERT_TRUE(back) << back.error().text;
    EXPECT_EQ(back->target, answer.target);
    EXPECT_EQ(back->measured.source, MeasurementSource::stamp);
    EXPECT_EQ(back->measured.samples, 9U);
    EXPECT_EQ(back->measured.lost, 1U);
    EXPECT_EQ(back->measured.mean, std::chrono::milliseconds{7});
    answer.measured = {.source = MeasurementSource::stamp, .lost = 10};
    const auto silence = read_result(result_message(answer));
    ASSERT_TRUE(silence);
    EXPECT_EQ(silence->measured.samples, 0U);
    EXPECT_EQ(silence->measured.lost, 10U);
    control::ProbeResult message;
    *message.mutable_target() = target_message({*IpAddress::parse("10.0.0.2"), 80, kNoNode});
    message.set_rtt_us(1'000);
    ASSERT_TRUE(read_result(message));
    EXPECT_EQ(read_result(message)->measured.samples, 1U) << "of an agent that does not tell how many";
    message.set_rtt_us(60'000'001);
    EXPECT_FALSE(read_result(message));
}

TEST(Messages, FramesCarryThem) {
    control::ToController message;
    message.mutable_hello()->set_static_version(42);
    FrameReader reader;
    reader.add(message_frame(message));
    const auto next = reader.next();
    ASSERT_TRUE(next && *next);
    const auto back = read_message<control::ToController>(**next);
    ASSERT_TRUE(back);
    EXPECT_EQ(back->hello().static_version(), 42U);
    const std::vector<std::uint8_t> garbage{0xFF, 0xFF, 0xFF};
    EXPECT_FALSE(read_message<control::ToController>(garbage));
}

TEST(Messages, BandwidthThatWasNotMeasuredStaysUnknown) {
    FeedLink link{.from = NodeId{1}, .to = NodeId{2}, .count = 1};
    EXPECT_EQ(read_link(NodeId{1}, link_message(link))->bandwidth.count, 0U);
    link.bandwidth = {.used = BitRate{0}, .count = 5};
    EXPECT_EQ(read_link(NodeId{1}, link_message(link))->bandwidth.count, 1U) << "nothing sent is a measurement";
    link.bandwidth.used = BitRate{123'456'789};
    control::LinkItem message = link_message(link);
    EXPECT_EQ(read_link(NodeId{1}, message)->bandwidth.used, BitRate{123'456'789});
    message.set_used_bps(1'000'000'000'000'001);
    EXPECT_FALSE(read_link(NodeId{1}, message));
}

}  // namespace
}  // namespace izar
