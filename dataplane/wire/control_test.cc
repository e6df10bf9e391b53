#include "dataplane/wire/control.h"

#include <gtest/gtest.h>

#include <rapidcheck.h>
#include <algorithm>
#include <vector>

namespace izar {
namespace {

using Bytes = std::vector<std::uint8_t>;
using std::chrono::microseconds;

Bytes message_of(const KeepAliveView& view) {
    Bytes out(keep_alive_length(view.row.size()));
    EXPECT_EQ(write_keep_alive(out, view), out.size());
    return out;
}

Bytes small_message() {
    static const RowItem row[2] = {{Be16{3}, Be16{655}, Be32{42'000}, Be16{1500}},
                                   {Be16{4}, Be16{0}, Be32{kUnreachableRtt}, Be16{0}}};
    return message_of({microseconds{10'000}, 3, true, 0x1122334455667788, row, 7, 0xABCD});
}

bool parses(const Bytes& message) {
    KeepAliveView view;
    return parse_keep_alive(message, view);
}

TEST(KeepAlive, LiesAsTheHeaderFileDrawsIt) {
    const Bytes expected = {
        1,    1,    0,    44,                            // kind, version, length
        0,    0,    0x27, 0x10,                          // interval 10,000 us
        3,    1,    0,    7,                             // multiplier, deaf, probe
        0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88,  // sent packets
        0,    2,    0xAB, 0xCD,                          // row length, heard probe
        0,    3,    0x02, 0x8F, 0,    0,    0xA4, 0x10,  // node 3: 1 % loss, 42 ms
        0x05, 0xDC,                                      // and an MTU of 1,500 bytes
        0,    4,    0,    0,    0xFF, 0xFF, 0xFF, 0xFF,  // node 4: unreachable
        0,    0,                                         // and no MTU
    };
    EXPECT_EQ(small_message(), expected);
}

TEST(KeepAlive, IsReadBackAsItWasWritten) {
    EXPECT_TRUE(rc::check([] {
        const auto items = *rc::gen::inRange<std::size_t>(0, kMaxRowItems + 1);
        std::vector<RowItem> row;
        for (std::size_t i = 0; i < items; ++i) {
            row.push_back({Be16{*rc::gen::arbitrary<std::uint16_t>()}, Be16{*rc::gen::arbitrary<std::uint16_t>()},
                           Be32{*rc::gen::arbitrary<std::uint32_t>()}, Be16{*rc::gen::arbitrary<std::uint16_t>()}});
        }
        const KeepAliveView in{microseconds{*rc::gen::inRange(1'000, 60'000'001)},
                               static_cast<std::uint8_t>(*rc::gen::inRange(1, 256)),
                               *rc::gen::arbitrary<bool>(),
                               *rc::gen::arbitrary<std::uint64_t>(),
                               row,
                               *rc::gen::arbitrary<std::uint16_t>(),
                               *rc::gen::arbitrary<std::uint16_t>()};
        const Bytes message = message_of(in);
        KeepAliveView out;
        RC_ASSERT(parse_keep_alive(message, out));
        RC_ASSERT(out.interval == in.interval);
        RC_ASSERT(out.multiplier == in.multiplier);
        RC_ASSERT(out.deaf == in.deaf);
        RC_ASSERT(out.sent_packets == in.sent_packets);
        RC_ASSERT(out.probe == in.probe);
        RC_ASSERT(out.heard_probe == in.heard_probe);
        RC_ASSERT(std::ranges::equal(out.row, row, [](const RowItem& a, const RowItem& b) {
            return a.node == b.node && a.loss == b.loss && a.rtt_us == b.rtt_us && a.mtu == b.mtu;
        }));
    }));
}

TEST(KeepAlive, PaddingBehindTheMessageIsIgnored) {
    Bytes padded = small_message();
    padded.resize(1400);
    EXPECT_TRUE(parses(padded));
}

TEST(KeepAlive, EveryTruncationIsRefused) {
    const Bytes whole = small_message();
    for (std::size_t length = 0; length < whole.size(); ++length) {
        const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
        EXPECT_FALSE(parses(cut)) << length;
    }
}

TEST(KeepAlive, FieldsOutOfBoundsAreRefused) {
    const auto with = [](std::size_t offset, Bytes bytes) {
        Bytes message = small_message();
        message.resize(2048);  // so that only the field's own bound can refuse it
        std::copy(bytes.begin(), bytes.end(), message.begin() + static_cast<std::ptrdiff_t>(offset));
        return message;
    };
    ASSERT_TRUE(parses(with(0, {1})));
    EXPECT_FALSE(parses(with(0, {2}))) << "kind";
    EXPECT_FALSE(parses(with(1, {2}))) << "version";
    EXPECT_FALSE(parses(with(2, {0, 43}))) << "length shorter than its row";
    EXPECT_FALSE(parses(with(2, {0, 45}))) << "length longer than its row";
    EXPECT_FALSE(parses(with(4, {0, 0, 0x03, 0xE7}))) << "interval of 999 us";
    EXPECT_FALSE(parses(with(4, {0xFF, 0xFF, 0xFF, 0xFF}))) << "interval above a minute";
    EXPECT_FALSE(parses(with(8, {0}))) << "multiplier";
    EXPECT_FALSE(parses(with(20, {0, 1}))) << "row shorter than the length";
    const std::size_t too_many = keep_alive_length(kMaxRowItems + 1);
    Bytes long_row = with(2, {static_cast<std::uint8_t>(too_many >> 8), static_cast<std::uint8_t>(too_many)});
    long_row[21] = kMaxRowItems + 1;
    EXPECT_FALSE(parses(long_row)) << "row longer than kMaxRowItems";
}

}  // namespace
}  // namespace izar
