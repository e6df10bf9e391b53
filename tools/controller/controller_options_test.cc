#include "tools/controller/controller_options.h"

#include <gtest/gtest.h>

namespace izar {
namespace {

TEST(ControllerOptions, NeedAConfiguration) {
    EXPECT_TRUE(parse_controller_options({"--config", "a.yaml", "--check"})->check);
    EXPECT_TRUE(parse_controller_options({"--config", "a.yaml", "--dump-config"})->dump_config);
    EXPECT_EQ(parse_controller_options({"--config", "a.yaml", "--import-sql", "b.sql"})->import_sql, "b.sql");
    EXPECT_EQ(parse_controller_options({"--config", "a.yaml", "--discovery", "c.yaml"})->discovery, "c.yaml");
    EXPECT_EQ(parse_controller_options({"--config", "a.yaml", "--policy", "d.yaml"})->policy, "d.yaml");
    EXPECT_FALSE(parse_controller_options({}));
    EXPECT_FALSE(parse_controller_options({"--config", "a.yaml", "--fly"}));
    EXPECT_NE(parse_controller_options({"--version"})->message.find("izar-controller"), std::string::npos);
}

TEST(ControllerOptions, WhatIsPrintedIsOfAFileThatIsGiven) {
    EXPECT_TRUE(parse_controller_options({"--config", "a.yaml", "--policy", "d.yaml", "--dump-policy"})->dump_policy);
    EXPECT_TRUE(
        parse_controller_options({"--config", "a.yaml", "--discovery", "c.yaml", "--dump-discovery"})->dump_discovery);
    EXPECT_FALSE(parse_controller_options({"--config", "a.yaml", "--dump-policy"}));
    EXPECT_FALSE(parse_controller_options({"--config", "a.yaml", "--dump-discovery"}));
}

}  // namespace
}  // namespace izar
