#include "tools/controller/controller_options.h"

#include <gtest/gtest.h>

namespace izar {
namespace {

TEST(ControllerOptions, NeedAConfiguration) {
    EXPECT_TRUE(parse_controller_options({"--config", "a.yaml", "--check"})->check);
    EXPECT_TRUE(parse_controller_options({"--config", "a.yaml", "--dump-config"})->dump_config);
    EXPECT_EQ(parse_controller_options({"--config", "a.yaml", "--import-sql", "b.sql"})->import_sql, "b.sql");
    EXPECT_EQ(parse_controller_options({"--config", "a.yaml", "--discovery", "c.yaml"})->discovery, "c.yaml");
    EXPECT_FALSE(parse_controller_options({}));
    EXPECT_FALSE(parse_controller_options({"--config", "a.yaml", "--fly"}));
    EXPECT_NE(parse_controller_options({"--version"})->message.find("izar-controller"), std::string::npos);
}

}  // namespace
}  // namespace izar
