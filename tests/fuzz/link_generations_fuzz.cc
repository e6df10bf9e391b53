// link_generations_fuzz.cc -- The store's document of link secrets, of whatever bytes: read, or refused with a
// sentence.
//
// Input: the document. What is read is written as a text that is read as the same; seeds that nobody sealed give no
// root; and what a link accepts does not depend on the order of its ends.
#include "ctrl/controller/link_generations.h"
#include "dataplane/base/check.h"

namespace izar {
namespace {

void fuzz(std::string_view text) {
    const auto links = LinkGenerations::parse(text);
    if (!links) {
        CHECK(links.error().text.find(kLinkSecretsDocument) != std::string::npos);
        return;
    }
    CHECK(LinkGenerations::parse(links->text()).value() == *links);
    const LinkRoots roots{MasterSecret{1}};
    for (const auto& [generation, each] : links->in_use()) {
        CHECK(generation == LinkGeneration{} || !roots.root(generation, each.seed));
        for (const NodeId node : each.missed) {
            const auto former = links->former(node, NodeId{1});
            CHECK(former == links->former(NodeId{1}, node));
            CHECK(!former || *former < links->newest());
        }
    }
}

}  // namespace
}  // namespace izar

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    izar::fuzz({reinterpret_cast<const char*>(data), size});
    return 0;
}
