#include "dataplane/wire/overlay.h"

#include <gtest/gtest.h>

#include <rapidcheck.h>
#include <cstring>
#include <vector>

namespace izar {
namespace {

using std::chrono::milliseconds;

std::vector<std::uint8_t> bytes_of(const OverlayHeader& header) {
    const auto* first = reinterpret_cast<const std::uint8_t*>(&header);
    return {first, first + sizeof header};
}

OverlayHeader valid_header() {
    OverlayHeader header;
    write_overlay_template(header, NodeId{7});
    header.geneve.protocol = Be16{kEtherTypeIpv4};
    return header;
}

TEST(OverlayHeader, FieldsLieWhereTheHeaderFileDrawsThem) {
    OverlayHeader header = valid_header();
    header.geneve.vni_reserved = Be32{vni_of(ServiceId{0xABCDEF}) << 8};
    header.t_tx = Be32{0x0C0D0E0F};
    header.t_echo = Be32{0x10111213};
    header.t_hold = Be32{0x14151617};
    header.packet_number = Be64{0x18191A1B1C1D1E1F};
    header.sender = Be16{0x2021};
    header.ingress = Be16{0x2223};
    header.remaining = {Be16{0x2425}, Be16{0x2627}};
    header.key_epoch = 0x28;
    header.flags = 0x29;
    const std::vector<std::uint8_t> expected = {
        0x09, 0x40, 0x08, 0x00, 0xAB, 0xCD, 0xEF, 0x00,  // version 0, 9 option words, C bit, IPv4, VNI
        0xFF, 0x1A, 0x81, 0x08,                          // option class, critical type 1, 8 words
        0x0C, 0x0D, 0x0E, 0x0F,                          // t_tx
        0x10, 0x11, 0x12, 0x13,                          // t_echo
        0x14, 0x15, 0x16, 0x17,                          // t_hold
        0x18, 0x19, 0x1A, 0x1B, 0x1C, 0x1D, 0x1E, 0x1F,  // packet number
        0x20, 0x21, 0x22, 0x23,                          // sender, ingress
        0x24, 0x25, 0x26, 0x27,                          // remaining segments
        0x28, 0x29, 0x00, 0x00,                          // key epoch, flags, reserved
    };
    EXPECT_EQ(bytes_of(header), expected);
    EXPECT_EQ(service_of(header.geneve), ServiceId{0xABCDEF});
}

TEST(CheckOverlayHeader, AcceptsEveryPayloadTypeOfOurs) {
    for (const std::uint16_t protocol : {kEtherTypeIpv4, kEtherTypeIpv6, kEtherTypeSealed}) {
        OverlayHeader header = valid_header();
        header.geneve.protocol = Be16{protocol};
        EXPECT_EQ(check_overlay_header(bytes_of(header)), OverlayFault::none);
    }
}

TEST(CheckOverlayHeader, IgnoresReservedBits) {
    OverlayHeader header = valid_header();
    header.option_length |= 0xE0;
    header.reserved = Be16{0xFFFF};
    EXPECT_EQ(check_overlay_header(bytes_of(header)), OverlayFault::none);
}

TEST(CheckOverlayHeader, NamesWhatIsWrong) {
    const auto fault_of = [](auto change) {
        OverlayHeader header = valid_header();
        change(header);
        return check_overlay_header(bytes_of(header));
    };
    EXPECT_EQ(fault_of([](auto& h) { h.geneve.version_option_length |= 0x40; }), OverlayFault::version);
    EXPECT_EQ(fault_of([](auto& h) { h.geneve.version_option_length = 8; }), OverlayFault::option);
    EXPECT_EQ(fault_of([](auto& h) { h.option_class = Be16{0xFF1B}; }), OverlayFault::option);
    EXPECT_EQ(fault_of([](auto& h) { h.option_type = 0x01; }), OverlayFault::option);
    EXPECT_EQ(fault_of([](auto& h) { h.option_length = 7; }), OverlayFault::option);
    EXPECT_EQ(fault_of([](auto& h) { h.geneve.protocol = Be16{0x6558}; }), OverlayFault::protocol);
}

TEST(CheckOverlayHeader, EveryTruncationIsTooShort) {
    const auto whole = bytes_of(valid_header());
    for (std::size_t length = 0; length < whole.size(); ++length) {
        // A copy of its own length, so that a sanitizer sees a read behind its end.
        const std::vector<std::uint8_t> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
        EXPECT_EQ(check_overlay_header(cut), OverlayFault::too_short) << length;
    }
}

// What a peer at `rtt` distance sends back: our stamp of `sent`, held for `hold`.
OverlayHeader echo_of(Instant sent, Nanos hold) {
    OverlayHeader header = valid_header();
    header.t_echo = Be32{low_clock(sent)};
    header.t_hold = Be32{static_cast<std::uint32_t>(hold.count())};
    return header;
}

TEST(RttSample, IsNowLessEchoLessHoldAtAnyClockValue) {
    EXPECT_TRUE(rc::check([] {
        // Clock values around every wrap of the low 32 bits (4.3 s) are as good as others.
        const Instant sent{Nanos{*rc::gen::inRange<std::int64_t>(0, std::int64_t{1} << 40)}};
        const Nanos rtt{*rc::gen::inRange<std::int64_t>(0, 1'000'000'000)};
        const Nanos hold{*rc::gen::inRange<std::int64_t>(0, std::int64_t{kLongestHoldForRtt} + 1)};
        RC_ASSERT(rtt_sample(echo_of(sent, hold), sent + rtt + hold) == rtt);
    }));
}

TEST(RttSample, SurvivesTheWrapOfTheClock) {
    const Instant just_before{Nanos{0xFFFFFFFF}};
    EXPECT_EQ(rtt_sample(echo_of(just_before, milliseconds{3}), just_before + milliseconds{45}), milliseconds{42});
}

TEST(RttSample, NeedsAnEchoThatIsFresh) {
    const Instant now{milliseconds{5000}};
    OverlayHeader header = echo_of(now - milliseconds{10}, milliseconds{0});
    for (const std::uint32_t hold : {kNothingToEcho, kHoldSaturated, kLongestHoldForRtt + 1}) {
        header.t_hold = Be32{hold};
        EXPECT_LT(rtt_sample(header, now), Nanos{0}) << hold;
    }
}

TEST(RttSample, AnEchoFromTheFutureIsNone) {
    const Instant now{milliseconds{5000}};
    EXPECT_LT(rtt_sample(echo_of(now + milliseconds{1}, milliseconds{0}), now), Nanos{0});
}

TEST(OverlayOverhead, LeavesRoomForTheTagInEveryMode) {
    EXPECT_EQ(overlay_overhead(Family::ipv4), 20u + 8u + 44u + 16u);
    EXPECT_EQ(overlay_overhead(Family::ipv6), 40u + 8u + 44u + 16u);
}

}  // namespace
}  // namespace izar
