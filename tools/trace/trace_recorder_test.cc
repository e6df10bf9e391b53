#include "tools/trace/trace_recorder.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <thread>

#include "tools/trace/trace_format.h"

namespace izar {
namespace {

std::string content_of(const std::string& file) {
    std::ostringstream out;
    out << std::ifstream(file).rdbuf();
    return out.str();
}

LinkReport report_at(std::int64_t ns) {
    LinkReport report;
    report.kind = LinkReportKind::up;
    report.link = NodeSlot{1};
    report.at = Instant{Nanos{ns}};
    return report;
}

TEST(TraceRecorder, WritesInOrderWhatAnotherThreadIsTold) {
    const std::string file = testing::TempDir() + "order.trace";
    auto recorder = TraceRecorder::open(file, 1500);
    ASSERT_TRUE(recorder.has_value());
    constexpr std::int64_t kReports = 20'000;
    std::thread scheduler([&] {
        (*recorder)->on_update(std::make_shared<const FeedUpdate>(), Instant{});
        for (std::int64_t i = 0; i < kReports; ++i) {
            (*recorder)->on_report(report_at(i), Instant{Nanos{i}});
        }
    });
    for (int i = 0; i < 100; ++i) {
        EXPECT_TRUE((*recorder)->write());
    }
    scheduler.join();
    EXPECT_TRUE((*recorder)->write());
    EXPECT_EQ((*recorder)->missed(), 0u);
    std::istringstream lines(content_of(file));
    std::string line;
    std::getline(lines, line);
    EXPECT_TRUE(std::holds_alternative<TraceHead>(*parse_trace_line(line)));
    std::getline(lines, line);
    EXPECT_TRUE(std::holds_alternative<TraceUpdate>(*parse_trace_line(line)));
    for (std::int64_t i = 0; i < kReports; ++i) {
        std::getline(lines, line);
        const auto event = parse_trace_line(line);
        ASSERT_TRUE(event.has_value());
        ASSERT_EQ(std::get<TraceReport>(*event).report.at, Instant{Nanos{i}});
    }
    EXPECT_FALSE(std::getline(lines, line));
}

TEST(TraceRecorder, WhatFindsNoRoomIsCounted) {
    const std::string file = testing::TempDir() + "full.trace";
    auto recorder = TraceRecorder::open(file, 1500);
    ASSERT_TRUE(recorder.has_value());
    for (std::size_t i = 0; i < TraceRecorder::kEvents + 10; ++i) {
        (*recorder)->on_report(report_at(1), Instant{});
    }
    EXPECT_EQ((*recorder)->missed(), 10u);
    EXPECT_TRUE((*recorder)->write());
    const std::string text = content_of(file);
    EXPECT_NE(text.find(trace_line(TraceLoss{10})), std::string::npos);
}

TEST(TraceRecorder, EndsBeforeTheFileIsTooLong) {
    const std::string file = testing::TempDir() + "long.trace";
    auto recorder = TraceRecorder::open(file, 1500, 200);
    ASSERT_TRUE(recorder.has_value());
    for (int i = 0; i < 20; ++i) {
        (*recorder)->on_report(report_at(1), Instant{});
    }
    EXPECT_FALSE((*recorder)->write());
    EXPECT_FALSE((*recorder)->write());
    const std::string text = content_of(file);
    EXPECT_LE(text.size(), 200u);
    EXPECT_TRUE(text.ends_with("\n")) << "no half line";
}

TEST(TraceRecorder, AFileThatCannotBeWrittenIsTold) {
    const auto recorder = TraceRecorder::open("/nonexistent/a.trace", 1500);
    ASSERT_FALSE(recorder.has_value());
    EXPECT_EQ(recorder.error().text,
              "/nonexistent/a.trace: No such file or directory; give a file in a directory that "
              "exists and may be written");
}

}  // namespace
}  // namespace izar
