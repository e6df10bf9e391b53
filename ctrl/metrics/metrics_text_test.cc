#include "ctrl/metrics/metrics_text.h"

#include <gtest/gtest.h>

namespace izar {
namespace {

constexpr MetricFamily kFamilies[] = {
    {"izar_links", "gauge", "state", "Links."},
    {"izar_never_told", "gauge", "", "Nothing."},
    {"izar_call_seconds", "summary", "call", "Calls."},
};

TEST(MetricsText, IsTheTextFormatInTheListsOrder) {
    MetricsText metrics;
    metrics.declare(kFamilies);
    metrics.add("izar_call_seconds_sum", 0.25, {{"call", "read"}});
    metrics.add("izar_links", 3, {{"state", "up"}});
    metrics.add("izar_call_seconds_count", 2, {{"call", "read"}});
    metrics.add("izar_links", 1'000'000'000'000, {{"state", "a\"b\\c\nd"}});
    EXPECT_EQ(metrics.text(),
              "# HELP izar_links Links.\n"
              "# TYPE izar_links gauge\n"
              "izar_links{state=\"up\"} 3\n"
              "izar_links{state=\"a\\\"b\\\\c\\nd\"} 1000000000000\n"
              "# HELP izar_call_seconds Calls.\n"
              "# TYPE izar_call_seconds summary\n"
              "izar_call_seconds_sum{call=\"read\"} 0.25\n"
              "izar_call_seconds_count{call=\"read\"} 2\n");
}

TEST(MetricsTextDeathTest, WhatIsInNoListCannotBeTold) {
    MetricsText metrics;
    metrics.declare(kFamilies);
    EXPECT_DEATH(metrics.add("izar_link", 1), "");
    EXPECT_DEATH(metrics.add("izar_call_seconds", 1), "") << "a summary is told by its sum and count";
}

}  // namespace
}  // namespace izar
