#include "dataplane/flow/fixed_memory.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <utility>

namespace izar {
namespace {

TEST(FixedMemory, SaysWhatIsMissing) {
    const auto memory = FixedMemory::make(std::size_t{1} << 46);
    ASSERT_FALSE(memory);
    EXPECT_NE(memory.error().text.find("67108864 MiB are needed"), std::string::npos) << memory.error().text;
}

TEST(FixedMemory, IsZeroedAndMoves) {
    auto memory = FixedMemory::make((std::size_t{4} << 20) + 1).value();
    ASSERT_EQ(memory.bytes(), (std::size_t{4} << 20) + 4096);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory.data()) % (2 << 20), 0U) << "huge pages need this";
    const auto* bytes = static_cast<const std::uint8_t*>(memory.data());
    for (std::size_t i = 0; i < memory.bytes(); ++i) {
        ASSERT_EQ(bytes[i], 0);
    }
    FixedMemory moved = std::move(memory);
    EXPECT_EQ(moved.data(), bytes);
}

}  // namespace
}  // namespace izar
