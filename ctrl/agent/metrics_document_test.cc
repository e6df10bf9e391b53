// docs/metrics.md and the text that a real controller with real agents tells, against the lists of what there is.
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "ctrl/agent/agent_metrics.h"
#include "ctrl/agent/testing/agent_fleet.h"
#include "ctrl/controller/controller_metrics.h"
#include "ctrl/metrics/program_metrics.h"

namespace izar {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// The series of a text as strictly as Prometheus reads it: each family with HELP and TYPE before its lines, at one
// place, no series twice, a number each.
std::map<std::string, double> series_of(const std::string& text) {
    static const std::regex series(R"(^(([a-z][a-z0-9_]*)(\{([a-z]+="([^"\\]|\\.)*",?)+\})?) (-?[0-9.e+-]+)$)");
    std::map<std::string, double> out;
    std::set<std::string> families;
    std::istringstream lines(text);
    std::string family;
    std::string type;
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string hash, what, name;
        if (words >> hash >> what >> name; hash == "#" && what == "HELP") {
            EXPECT_TRUE(families.insert(name).second) << name << " comes twice";
            family = name;
            type.clear();
        } else if (hash == "#" && what == "TYPE") {
            EXPECT_EQ(name, family);
            words >> type;
        } else {
            std::smatch parts;
            EXPECT_TRUE(std::regex_match(line, parts, series)) << line;
            const std::string own = parts[2];
            EXPECT_TRUE(type == "summary" ? own == family + "_sum" || own == family + "_count" : own == family) << line;
            EXPECT_EQ(type == "counter", own.ends_with("_total")) << line;
            EXPECT_TRUE(out.emplace(parts[1], std::stod(parts[6])).second) << line << " comes twice";
        }
    }
    return out;
}

// Families of the list without a series.
std::set<std::string_view> untold(std::span<const MetricFamily> families, const std::map<std::string, double>& told) {
    std::set<std::string_view> out;
    for (const MetricFamily& family : families) {
        const auto next = told.lower_bound(std::string(family.name));
        if (next == told.end() || !next->first.starts_with(family.name)) {
            out.insert(family.name);
        }
    }
    return out;
}

class MetricsDocumentTest : public AgentFleetTest {
  protected:
    std::map<std::string, double> of_controller() {
        MetricsText out;
        out.declare(kProgramMetrics);
        out.declare(kControllerMetrics);
        add_program_metrics(out, "izar-controller", {2, "", {"listen"}, clock.wall_seconds()});
        out.add("izar_controller_leads", 1);
        add_controller_metrics(out, *controller);
        return series_of(out.text());
    }
    static std::map<std::string, double> of_agent(const TestNode& node) {
        MetricsText out;
        out.declare(kProgramMetrics);
        out.declare(kAgentMetrics);
        add_program_metrics(out, "izar-agent", {1, "a problem", {}, node.clock.wall_seconds()});
        node.agent->add_metrics(out);
        return series_of(out.text());
    }
};

TEST_F(MetricsDocumentTest, EveryFigureOfTheListsIsToldByAFleetThatWorks) {
    TestNode& ams = add_node("ams");
    TestNode& fra = add_node("fra");
    ASSERT_TRUE(run_until([&] { return knows(ams, 2) && knows(fra, 2); })) << log;
    ams.flows = 7;
    ams.measure(fra.identity.id, true, milliseconds{4});
    fra.measure(ams.identity.id, false, {});
    ASSERT_TRUE(run_until([&] { return controller->mesh().rows().size() == 2; })) << log;
    pass(seconds{12});
    const auto told = of_controller();
    EXPECT_EQ(untold(kProgramMetrics, told), std::set<std::string_view>{});
    EXPECT_EQ(untold(kControllerMetrics, told), std::set<std::string_view>{});
    EXPECT_EQ(told.at("izar_controller_agents_connected"), 2);
    EXPECT_EQ(told.at("izar_controller_nodes{state=\"joined\"}"), 2);
    EXPECT_EQ(told.at("izar_controller_links{state=\"up\"}"), 1);
    EXPECT_EQ(told.at("izar_controller_links{state=\"down\"}"), 1);
    EXPECT_GE(told.at("izar_controller_events_total{kind=\"join\"}"), 2);
    EXPECT_GE(told.at("izar_controller_store_call_seconds_count{call=\"round\"}"), 2);
    EXPECT_GT(told.at("izar_controller_store_call_seconds_sum{call=\"round\"}"), 0);
    EXPECT_GT(told.at("izar_channel_received_bytes_total"), told.at("izar_channel_received_frames_total"));

    const auto of_ams = of_agent(ams);
    EXPECT_EQ(untold(kAgentMetrics, of_ams), std::set<std::string_view>{});
    EXPECT_EQ(of_ams.at("izar_config_last_reload_successful"), 0);
    EXPECT_EQ(of_ams.at("izar_link_up{to=\"fra\"}"), 1);
    EXPECT_EQ(of_ams.at("izar_link_rtt_seconds{to=\"fra\"}"), 0.004);
    EXPECT_EQ(of_ams.at("izar_agent_flows"), 7);
    const auto of_fra = of_agent(fra);
    EXPECT_EQ(of_fra.at("izar_link_up{to=\"ams\"}"), 0);
    EXPECT_FALSE(of_fra.contains("izar_link_rtt_seconds{to=\"ams\"}")) << "what is not measured is not told as 0";
}

// The page is generated; where it differs, the failure prints what it should hold.
TEST(MetricsDocument, TheReferencePageIsTheListsOfFigures) {
    std::ifstream file(IZAR_SOURCE_ROOT "/docs/metrics.md");
    std::ostringstream page;
    page << file.rdbuf();
    for (const std::string& rows : {metrics_reference(kProgramMetrics), metrics_reference(kControllerMetrics),
                                    metrics_reference(kAgentMetrics)}) {
        EXPECT_NE(page.str().find(rows), std::string::npos) << rows;
    }
}

}  // namespace
}  // namespace izar
