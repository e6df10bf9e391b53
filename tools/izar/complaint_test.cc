#include "tools/izar/complaint.h"

#include <gtest/gtest.h>

namespace izar {
namespace {

std::string complaint_about(const std::string& line) {
    CLI::App app("about", "izar");
    app.require_subcommand(1);
    std::string value;
    app.add_subcommand("edge", "e")->add_option("command", value, "c")->required();
    CLI::App* path = app.add_subcommand("path", "p");
    path->require_subcommand(1);
    path->add_subcommand("explain", "x")->add_option("A", value, "a")->required();
    try {
        app.parse(line);
    } catch (const CLI::ParseError& error) {
        return complaint(app, error);
    }
    return "";
}

TEST(Complaint, NamesTheWordAndThoseThereAre) {
    EXPECT_EQ(complaint_about("pth explain"), "izar: 'pth' is unknown; there are edge, path");
    EXPECT_EQ(complaint_about("path explian a"), "izar path: 'explian' is unknown; there are explain");
}

TEST(Complaint, SaysWhatIsMissing) {
    EXPECT_EQ(complaint_about(""), "izar: a word is missing; it goes on with edge, path");
    EXPECT_EQ(complaint_about("path"), "izar path: a word is missing; it goes on with explain");
    EXPECT_EQ(complaint_about("path explain"), "izar path explain: A is required; see izar path explain --help");
}

TEST(Complaint, IsSilentAboutAGoodLine) {
    EXPECT_EQ(complaint_about("path explain b"), "");
}

}  // namespace
}  // namespace izar
