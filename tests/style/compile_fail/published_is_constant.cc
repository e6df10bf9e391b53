// expect: read-only
#include "dataplane/tables/publisher.h"

std::uint64_t misuse(const izar::Publisher& publisher, const izar::OnLcore& lcore) {
    const izar::Published& published = publisher.read(lcore);
#ifdef MISUSE
    published.routes->destination[0].path_count = 1;
#endif
    return published.routes->destination[0].path_count;
}
