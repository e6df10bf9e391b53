// link_log.h -- LinkLog: a log line for every change of a link's state, and for every link that gets its first key or
// carries packets of another size than before.
//
// Thread: the main thread. What changed several times between two looks is one line that says so.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "dataplane/shell/node_view.h"

namespace izar {

class LinkLog {
  public:
    // Lines to log, given `show links` as of now. A link that was never heard is no news.
    std::vector<std::string> look(const std::vector<LinkRow>& links);

  private:
    struct Told {
        std::string state = "unknown";
        std::uint64_t changes = 0;  // times it went down
        bool has_key = false;
        std::uint16_t mtu = 0;
    };
    std::map<std::string, Told> told_;  // by peer
};

}  // namespace izar
