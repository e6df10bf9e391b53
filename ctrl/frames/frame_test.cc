#include "ctrl/frames/frame.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "dataplane/base/testing/live_memory.h"

namespace izar {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes copy(std::span<const std::uint8_t> bytes) {
    return {bytes.begin(), bytes.end()};
}

RC_GTEST_PROP(Frame, ArrivesWholeHoweverTheStreamIsCut, (const std::vector<Bytes>& payloads)) {
    Bytes stream;
    for (const Bytes& payload : payloads) {
        const Bytes frame = frame_of(payload);
        stream.insert(stream.end(), frame.begin(), frame.end());
    }
    FrameReader reader;
    std::vector<Bytes> read;
    for (std::size_t at = 0; at < stream.size();) {
        const auto piece = *rc::gen::inRange<std::size_t>(1, 50);
        const std::size_t end = std::min(stream.size(), at + piece);
        reader.add(std::span(stream).subspan(at, end - at));
        at = end;
        for (auto next = reader.next(); next && *next; next = reader.next()) {
            read.push_back(copy(**next));
        }
    }
    RC_ASSERT(read == payloads);
}

TEST(Frame, OtherVersionsAreRefusedAtTheirFirstByte) {
    FrameReader reader;
    const Bytes other{kFrameVersion + 1};
    reader.add(other);
    const auto next = reader.next();
    ASSERT_FALSE(next);
    EXPECT_NE(next.error().text.find("upgrade"), std::string::npos);
}

TEST(Frame, TooLongIsRefusedByItsHeaderAlone) {
    const Bytes frame = frame_of(Bytes(100));
    FrameReader reader(100);
    reader.add(std::span(frame).first(4));
    EXPECT_TRUE(reader.next());
    FrameReader strict(99);
    strict.add(std::span(frame).first(4));
    EXPECT_FALSE(strict.next());
}

TEST(Frame, ReaderThatIsEmptyHoldsNoLongFramesMemory) {
    FrameReader reader;
    const std::size_t before = live_bytes();
    for (int i = 0; i < 2; ++i) {
        const Bytes frame = frame_of(Bytes(1'000'000));
        reader.add(frame);
        EXPECT_TRUE(reader.next().value());
        EXPECT_FALSE(reader.next().value());
    }
    EXPECT_LT(live_bytes(), before + 10'000);
}

}  // namespace
}  // namespace izar
