// quantizer_test.cc -- The bound of every step, the ends of the range, order.
#include "sched/summary/quantizer.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

namespace izar {
namespace {

float random_value() {
    return std::exp2(static_cast<float>(*rc::gen::inRange(-10000, 20999)) / 1000.0F);
}

RC_GTEST_PROP(Quantizer, DecodedIsNeverBelowAndWithinTheStep, ()) {
    const Quantizer quantizer(*rc::gen::inRange(kLeastFractionBits, kMostFractionBits + 1));
    const float value = random_value();
    const float decoded = quantizer.round_up(value);
    RC_ASSERT(decoded >= value);
    RC_ASSERT(decoded <= value * (1.0F + quantizer.relative_error()) * (1.0F + 1e-6F));
    RC_ASSERT(quantizer.round_up(decoded) == decoded);
    RC_ASSERT(quantizer.encode(value) <= quantizer.last_code());
}

RC_GTEST_PROP(Quantizer, CodesKeepTheOrderOfValues, ()) {
    const Quantizer quantizer(*rc::gen::inRange(kLeastFractionBits, kMostFractionBits + 1));
    const float one = random_value();
    const float other = random_value();
    RC_ASSERT((one <= other) == (quantizer.encode(one) <= quantizer.encode(other)) ||
              quantizer.encode(one) == quantizer.encode(other));
}

TEST(Quantizer, EndsOfTheRange) {
    const Quantizer quantizer(6);
    EXPECT_EQ(quantizer.encode(kUnknownRtt), kUnknownCode);
    EXPECT_EQ(quantizer.encode(std::nanf("")), kUnknownCode);
    EXPECT_EQ(quantizer.encode(Quantizer::kMost * 1.01F), kUnknownCode);
    EXPECT_EQ(quantizer.decode(kUnknownCode), kUnknownRtt);
    EXPECT_EQ(quantizer.encode(0.0F), kZeroCode);
    EXPECT_EQ(quantizer.decode(kZeroCode), 0.0F);
    EXPECT_EQ(quantizer.round_up(1e-9F), Quantizer::kLeast);
    EXPECT_EQ(quantizer.decode(quantizer.last_code()), Quantizer::kMost);
}

TEST(Quantizer, WithinPicksTheCoarsestThatKeepsTheBound) {
    EXPECT_EQ(Quantizer::within(0.02F).fraction_bits(), 6);
    EXPECT_EQ(Quantizer::within(0.25F).fraction_bits(), 2);
    EXPECT_EQ(Quantizer::within(0.0F).fraction_bits(), kMostFractionBits);
}

}  // namespace
}  // namespace izar
