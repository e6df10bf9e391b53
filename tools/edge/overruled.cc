#include "tools/edge/overruled.h"

#include <fmt/format.h>

#include <vector>

#include "tools/program/texts.h"

namespace izar {

std::string overruled_warning(const EdgeConfig& file, const std::string& path, bool policies_came) {
    std::vector<std::string> sections;
    if (file.nodes.size() > 1) {  // its own entry says who it is, and stays
        sections.push_back(fmt::format("nodes (other than {})", file.name));
    }
    if (!file.services.empty()) {
        sections.emplace_back("services");
    }
    if (policies_came && !file.policy_file.empty()) {
        sections.emplace_back("policy");
    }
    if (sections.empty()) {
        return "";
    }
    return fmt::format(
        "warning: the controller's data is in force in place of these sections of {}, which count no more "
        "while this node is in its fleet: {}; take them out, or change them at the controller",
        path, listed(sections));
}

}  // namespace izar
