#include "dataplane/config/yaml_reader.h"

#include <gtest/gtest.h>

#include <string>

namespace izar {
namespace {

std::string parse_error(const std::string& text) {
    const auto tree = parse_yaml(text, "f.yaml");
    return tree ? "" : tree.error().text;
}

TEST(YamlTree, KeepsPlacesOfKeysAndValues) {
    const auto tree = parse_yaml("a: 1\nb:\n  - {c: x, d: \"y z\"}\n", "f.yaml");
    ASSERT_TRUE(tree) << tree.error().text;
    ASSERT_EQ(tree->entries.size(), 2U);
    EXPECT_EQ(tree->entries[1].key, "b");
    EXPECT_EQ(tree->entries[1].key_mark.line, 2);
    const YamlNode& inner = tree->entries[1].value.items.at(0);
    EXPECT_EQ(inner.entries[1].value.scalar, "y z");
    EXPECT_EQ(inner.entries[1].key_mark.line, 3);
    EXPECT_EQ(inner.entries[1].key_mark.column, 12);
}

TEST(YamlTree, AnEmptyTextIsNothing) {
    const auto tree = parse_yaml("# only a comment\n", "f.yaml");
    ASSERT_TRUE(tree);
    EXPECT_EQ(tree->kind, YamlKind::null);
}

TEST(YamlTree, RefusesWhatCouldHurt) {
    EXPECT_EQ(parse_error("a: &x 1\n"),
              "f.yaml:1:4: anchors (&name) are not supported; write the value out where it is needed");
    EXPECT_NE(parse_error("a: *x\n"), "");
    EXPECT_EQ(parse_error("a: 1\n---\nb: 2\n"),
              "f.yaml:2:1: a second document begins here; keep one document in a file");
    EXPECT_EQ(parse_error("? [a, b]\n: 1\n"), "f.yaml:1:3: a key must be plain text, not a list or a map");
    EXPECT_EQ(parse_error(std::string(33, '[') + std::string(33, ']')), "f.yaml:1:33: nested deeper than 32 levels");
    EXPECT_EQ(parse_error(std::string("a: \0b", 5)), "f.yaml:1:1: byte 3 is NUL; the file must be plain text");
    EXPECT_EQ(parse_error(std::string(kMaxYamlBytes + 1, ' ')),
              "f.yaml:1:1: the file has 4194305 bytes; at most 4194304 are read");
    std::string many = "[";
    for (std::size_t i = 0; i <= kMaxYamlNodes; ++i) {
        many += "1,";
    }
    EXPECT_NE(parse_error(many + "]").find("more than 500000 values"), std::string::npos);
}

TEST(YamlTree, BrokenSyntaxNamesItsPlace) {
    const std::string error = parse_error("a: 1\nb: [1, 2\nc: 3\n");
    EXPECT_EQ(error.find("f.yaml:3:"), 0U) << error;
    EXPECT_NE(error.find("not valid YAML"), std::string::npos) << error;
}

TEST(YamlReader, ProblemsComeInTheOrderOfTheFile) {
    ConfigProblems problems("f.yaml");
    problems.add({3, 1}, "third");
    problems.add({1, 9}, "second");
    problems.add({1, 2}, "first\x1b[31m");
    EXPECT_EQ(problems.text(), "f.yaml:1:2: first?[31m\nf.yaml:1:9: second\nf.yaml:3:1: third");
}

TEST(YamlReader, AMapTellsUnknownDoubleAndMissingKeys) {
    const auto tree = parse_yaml("{nmae: x, size: 1, size: 2}", "f.yaml");
    ASSERT_TRUE(tree);
    ConfigProblems problems("f.yaml");
    const auto map = YamlCursor(*tree, "box", problems).map({"name", "size"});
    ASSERT_TRUE(map);
    EXPECT_FALSE(map->need("name", "boxes have names"));
    EXPECT_EQ(problems.text(),
              "f.yaml:1:1: box lacks the key 'name'; boxes have names\n"
              "f.yaml:1:2: unknown key 'nmae' in box; did you mean 'name'?\n"
              "f.yaml:1:20: key 'size' stands twice in box; keep one");
}

TEST(YamlReader, NearestWordIsASlipNotAnotherWord) {
    const std::string_view known[] = {"name", "addresses", "gateways", "mtu"};
    EXPECT_EQ(nearest_word("adress", known), "addresses");
    EXPECT_EQ(nearest_word("gatway", known), "gateways");
    EXPECT_EQ(nearest_word("mut", known), "mtu");
    const std::string_view near[] = {"state", "store"};
    EXPECT_EQ(nearest_word("stroe", near), "store") << "two letters swapped are one slip";
    EXPECT_EQ(nearest_word("colour", known), "");
    EXPECT_EQ(nearest_word("", known), "");
    EXPECT_EQ(nearest_word(std::string(1 << 20, 'n'), known), "");
}

TEST(YamlReader, ScalarsWithControlBytesAreRefused) {
    const auto tree = parse_yaml(R"(["10.0.0.1\0junk", "a\nb"])", "f.yaml");
    ASSERT_TRUE(tree);
    ConfigProblems problems("f.yaml");
    for (const YamlCursor& item : YamlCursor(*tree, "list", problems).list(2)) {
        EXPECT_FALSE(item.text(100));
    }
    EXPECT_FALSE(problems.empty());
}

}  // namespace
}  // namespace izar
