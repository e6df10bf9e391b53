#include "tools/izar/exec_program.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace izar {
namespace {

namespace fs = std::filesystem;

struct FindProgram : testing::Test {
    fs::path root = fs::path(testing::TempDir()) / "izar_find_program";
    fs::path bin = root / "build/tools/izar";
    ProgramPlaces places{.name = "izar-x", .in_build = "../x/izar-x", .in_source = "tools/x/izar-x"};

    FindProgram() {
        fs::remove_all(root);
        fs::create_directories(bin);
    }
    ~FindProgram() override { fs::remove_all(root); }

    void make(const fs::path& path, bool executable = true) const {
        fs::create_directories(path.parent_path());
        std::ofstream(path) << "#!/bin/sh\n";
        fs::permissions(path, executable ? fs::perms::owner_all : fs::perms::owner_read);
    }
    std::optional<std::string> find() const { return find_program(places, bin, root); }
};

TEST_F(FindProgram, NowhereIsNone) {
    EXPECT_EQ(find(), std::nullopt);
    fs::create_directories(bin / "izar-x");  // a directory is no program
    EXPECT_EQ(find(), std::nullopt);
}

TEST_F(FindProgram, TheNearestWins) {
    make(root / "tools/x/izar-x");
    EXPECT_EQ(find(), (root / "tools/x/izar-x").string());
    make(root / "build/tools/x/izar-x");
    EXPECT_EQ(find(), (root / "build/tools/x/izar-x").string());
    make(bin / "izar-x");
    EXPECT_EQ(find(), (bin / "izar-x").string());
}

TEST_F(FindProgram, WhatCannotBeRunIsPassedOver) {
    make(root / "tools/x/izar-x");
    make(bin / "izar-x", false);
    EXPECT_EQ(find(), (root / "tools/x/izar-x").string());
}

TEST(OwnDirectory, IsWhereThisTestLies) {
    EXPECT_TRUE(fs::exists(fs::path(own_directory()) / "test_exec_program"));
}

}  // namespace
}  // namespace izar
