// config_keys.h -- A configuration file as a list of its keys: what reads it, overrides it, prints it and documents it.
//
// A key names its path ("store.password"), what it may be, what it means, and how it is read and shown. From the one
// list come the reading of the file, the overriding by environment variables (IZAR_CONTROLLER_STORE_PASSWORD), the
// dump with secrets masked, and the reference page in docs/; so none of them can forget a key.
//
// Thread: one, before anything else runs.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/result.h"
#include "dataplane/config/yaml_reader.h"

namespace izar {

struct ConfigKey {
    std::string path;          // words with '.' between them
    std::string_view kind;     // what it may be: "a duration like 10s"
    std::string_view meaning;  // one sentence
    std::function<void(const YamlCursor&)> read;
    // The value in force as YAML: on one line, or, of a list, as lines below, beginning with a line break; empty: not
    // set. A list without items is "[]".
    std::function<std::string()> show;
    bool secret = false;
    bool at_sighup = false;           // in force when the program reads its files again; else from its next start on
    std::string_view otherwise = {};  // what the reference says in place of a default: "required"
    // Called in the key's turn where it is not given; says what to do if it has to be. `in_section`: the map that the
    // key belongs into is there.
    std::function<std::string_view(bool in_section)> absent = {};
};

// A key of plain text; one whose default is empty may be set to that.
ConfigKey text_key(std::string path, std::string_view kind, std::string_view meaning, std::string& field,
                   std::size_t longest = 255);
// One whose text `checked` takes as it should stand, or refuses.
ConfigKey checked_text_key(std::string path, std::string_view kind, std::string_view meaning, std::string& field,
                           std::function<Result<std::string>(std::string_view text)> checked);
ConfigKey duration_key(std::string path, std::string_view kind, std::string_view meaning, Nanos& field, Nanos least,
                       Nanos most);

// Where the keys that were given stand; a key of the environment has no place.
using ConfigMarks = std::map<std::string, SourceMark, std::less<>>;

// Reads the file's text and the variables that begin with `prefix` ("NAME=value" each, as in environ), which replace
// what the file says. Keys are read in the order of the list, so one may lean on those before it. `check` looks at the
// whole, if there was no problem, and adds what does not fit together. All problems are one text, a line each.
Result<void> read_config(std::span<const ConfigKey> keys, const std::string& text, const std::string& file_name,
                         std::span<const std::string> environment, std::string_view prefix,
                         const std::function<void(const ConfigMarks&, ConfigProblems&)>& check = {});

// "store.password" is IZAR_CONTROLLER_STORE_PASSWORD under the prefix IZAR_CONTROLLER_.
std::string variable_name(std::string_view path, std::string_view prefix);

// The values in force as a file that read_config reads; secrets that are set show as <secret>.
std::string config_text(std::span<const ConfigKey> keys);

// Paths of the keys whose values differ, of those that a SIGHUP puts in force or of the others. Both are of one list.
std::vector<std::string> changed_keys(std::span<const ConfigKey> before, std::span<const ConfigKey> after,
                                      bool at_sighup);

// Rows of a Markdown table: key, default, kind, meaning, variable, and when it is in force. The keys show their
// defaults.
std::string config_reference(std::span<const ConfigKey> keys, std::string_view prefix);

// A key of the items of a list, where these are maps: what reads them takes its words from the same list as the
// reference.
struct ItemKey {
    std::string_view name;
    std::string_view otherwise;  // the default as Markdown, or "required"
    std::string_view kind;
    std::string_view meaning;
};
std::vector<std::string_view> words_of(std::span<const ItemKey> keys);
// Rows of a Markdown table: key of `item` ("a port"), default, kind, meaning.
std::string item_reference(std::string_view item, std::span<const ItemKey> keys);

// The keys of one kind of item: what a page has a table of.
struct ConfigItem {
    std::string_view item;  // "a port"
    std::span<const ItemKey> keys;
};

// Text in double quotes, as YAML reads it back; and a list of such.
std::string yaml_quoted(std::string_view text);
std::string yaml_list(std::span<const std::string> texts);

}  // namespace izar
