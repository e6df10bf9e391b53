#include "dataplane/wire/path_probe.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

namespace izar {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes bytes_of(const PathProbe& probe) {
    Bytes bytes(sizeof probe);
    std::memcpy(bytes.data(), &probe, sizeof probe);
    return bytes;
}

PathProbe small_probe() {
    PathProbe probe = make_path_probe();
    probe.far_end = Be16{3};
    probe.number = Be16{0x0102};
    probe.t_sent = Be32{0xA0B0C0D0};
    probe.watch = 1;
    probe.flags = kPathProbeAnswer;
    probe.back = {Be16{2}, Be16{1}, Be16{0}};
    return probe;
}

TEST(PathProbe, LiesAsTheWirePageDrawsIt) {
    const Bytes expected = {3, 1, 0, 20, 0, 3, 1, 2, 0xA0, 0xB0, 0xC0, 0xD0, 1, 1, 0, 2, 0, 1, 0, 0};
    EXPECT_EQ(bytes_of(small_probe()), expected);
    EXPECT_TRUE(is_path_probe(expected));
    EXPECT_EQ(back_length(small_probe()), 2u);
}

TEST(PathProbe, EveryTruncationIsRefused) {
    const Bytes whole = bytes_of(small_probe());
    for (std::size_t length = 0; length < whole.size(); ++length) {
        EXPECT_FALSE(is_path_probe({whole.data(), length})) << length;
    }
}

TEST(PathProbe, FieldsThatContradictAreRefused) {
    const auto with = [](std::size_t offset, Bytes changed) {
        Bytes message = bytes_of(small_probe());
        std::copy(changed.begin(), changed.end(), message.begin() + static_cast<std::ptrdiff_t>(offset));
        return is_path_probe(message);
    };
    EXPECT_TRUE(with(18, {0, 4})) << "three nodes back";
    EXPECT_FALSE(with(0, {1})) << "kind";
    EXPECT_FALSE(with(1, {2})) << "version";
    EXPECT_FALSE(with(2, {0, 21})) << "length";
    EXPECT_FALSE(with(6, {0, 0})) << "number";
    EXPECT_FALSE(with(14, {0, 0, 0, 0})) << "no way back";
    EXPECT_FALSE(with(14, {0, 0})) << "a way back that begins with a gap";
    EXPECT_FALSE(with(14, {0, 2, 0, 0, 0, 1})) << "one with a gap inside";
}

}  // namespace
}  // namespace izar
