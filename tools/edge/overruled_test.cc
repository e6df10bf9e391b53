#include "tools/edge/overruled.h"

#include <gtest/gtest.h>

namespace izar {
namespace {

TEST(Overruled, NamesTheSectionsThatSaySomethingAndNoOthers) {
    EdgeConfig file;
    file.name = "ams";
    file.nodes.resize(1);
    EXPECT_EQ(overruled_warning(file, "edge.yaml", true), "") << "who it is itself stays its own";
    file.policy_file = "routing-policy.yaml";
    EXPECT_EQ(overruled_warning(file, "edge.yaml", false), "") << "the controller has none, so its own counts";
    file.nodes.resize(2);
    file.services.resize(1);
    const std::string warning = overruled_warning(file, "edge.yaml", true);
    EXPECT_NE(warning.find("edge.yaml"), std::string::npos) << warning;
    EXPECT_NE(warning.find(": nodes (other than ams), services, policy;"), std::string::npos) << warning;
    EXPECT_EQ(overruled_warning(file, "edge.yaml", false).find("policy"), std::string::npos);
}

}  // namespace
}  // namespace izar
