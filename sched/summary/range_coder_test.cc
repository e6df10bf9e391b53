// range_coder_test.cc -- Round trips of random symbol streams, size against entropy, reading past the end.
#include "sched/summary/range_coder.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <random>

#include "sched/summary/symbol_models.h"

namespace izar {
namespace {

// Runs the same symbols through every model, in an order that a seed decides.
template <typename Coder>
std::vector<std::uint32_t> run(Coder& coder, const std::vector<std::uint32_t>& values, int fraction_bits) {
    TreeModel<4> tree;
    CountModel count;
    CodeModel code;
    std::vector<std::uint32_t> result;
    for (std::size_t i = 0; i < values.size(); ++i) {
        const std::uint32_t value = values[i];
        switch (i % 4) {
            case 0:
                result.push_back(tree.code(coder, value % 16));
                break;
            case 1:
                result.push_back(count.code(coder, value & 0x7FFFFFFE));
                break;
            case 2:
                result.push_back(code.code(coder,
                                           static_cast<Code>(value % (Quantizer(fraction_bits).last_code() + 1U)),
                                           fraction_bits, static_cast<std::uint32_t>(i)));
                break;
            default:
                result.push_back(code_even(coder, value % 128, 7));
        }
    }
    return result;
}

RC_GTEST_PROP(RangeCoder, EverySymbolComesBack, ()) {
    const auto seed = *rc::gen::arbitrary<std::uint32_t>();
    const auto length = *rc::gen::inRange<std::size_t>(0, 3000);
    const auto skew = *rc::gen::inRange(0, 32);
    std::mt19937 random(seed);
    std::vector<std::uint32_t> values(length);
    for (auto& value : values)
        value = static_cast<std::uint32_t>(random()) >> (random() % (static_cast<unsigned>(skew) + 1));
    const int bits = *rc::gen::inRange(kLeastFractionBits, kMostFractionBits + 1);

    std::vector<std::uint8_t> bytes;
    RangeEncoder encoder(bytes);
    const auto sent = run(encoder, values, bits);
    encoder.finish();
    RangeDecoder decoder(bytes);
    RC_ASSERT(run(decoder, values, bits) == sent);
    RC_ASSERT(!decoder.overrun());
    RC_ASSERT(decoder.exhausted());
}

TEST(RangeCoder, SkewedBitsCostTheirEntropy) {
    std::mt19937 random(1);
    std::bernoulli_distribution rare(0.05);
    std::vector<std::uint8_t> bytes;
    RangeEncoder encoder(bytes);
    BitModel model;
    for (int i = 0; i < 100000; ++i)
        encoder.code(rare(random), model);
    encoder.finish();
    const double entropy = -(0.05 * std::log2(0.05) + 0.95 * std::log2(0.95)) * 100000 / 8;
    EXPECT_LT(static_cast<double>(bytes.size()), entropy * 1.06);
    EXPECT_GT(static_cast<double>(bytes.size()), entropy * 0.94);
}

TEST(RangeCoder, ReadingPastTheEndIsToldAndHarmless) {
    const std::vector<std::uint8_t> bytes{1, 2, 3};
    RangeDecoder decoder(bytes);
    CountModel count;
    for (int i = 0; i < 100; ++i)
        count.code(decoder, 0);
    EXPECT_TRUE(decoder.overrun());
}

TEST(RangeCoder, CarriesRunThroughPendingBytes) {
    // Bits that are always the unlikely one push `low` up against the carry.
    for (int length = 0; length < 400; ++length) {
        std::vector<std::uint8_t> bytes;
        RangeEncoder encoder(bytes);
        for (int i = 0; i < length; ++i) {
            encoder.code_even(0xFF, 8);
            BitModel model;
            encoder.code(true, model);
        }
        encoder.finish();
        RangeDecoder decoder(bytes);
        for (int i = 0; i < length; ++i) {
            ASSERT_EQ(decoder.decode_even(8), 0xFFU);
            BitModel model;
            ASSERT_TRUE(decoder.decode(model));
        }
        ASSERT_FALSE(decoder.overrun());
    }
}

}  // namespace
}  // namespace izar
