// Requests of HTTP as a client may send them, whole and in pieces: the same is read either way.
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ctrl/http/http_message.h"
#include "dataplane/base/check.h"

namespace {

using Seen = std::vector<std::string>;

Seen read(std::span<const std::uint8_t> bytes, std::size_t step) {
    izar::HttpReader reader;
    Seen out;
    while (!bytes.empty()) {
        const auto piece = bytes.first(std::min(step, bytes.size()));
        bytes = bytes.subspan(piece.size());
        reader.add(piece);
        while (true) {
            const auto next = reader.next();
            if (!next) {
                out.push_back("refused");
                return out;
            }
            if (!*next) {
                break;
            }
            out.push_back((**next).method + " " + std::to_string((**next).path.size()) + (**next).body);
        }
        CHECK(reader.waiting() <= izar::kMostHeaderBytes + piece.size());
    }
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::span<const std::uint8_t> bytes{data, size};
    const Seen whole = read(bytes, size == 0 ? 1 : size);
    const Seen pieces = read(bytes, 3);
    // What comes in pieces may be refused later, never read otherwise.
    const std::size_t common = std::min(whole.size(), pieces.size());
    for (std::size_t i = 0; i + 1 < common; ++i) {
        CHECK(whole[i] == pieces[i]);
    }
    return 0;
}
