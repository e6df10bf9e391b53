// expect: no matching function|cannot convert|invalid initialization|could not convert
#include "dataplane/tables/publisher.h"

void misuse(izar::Publisher& publisher, const izar::OnSched& sched, const izar::OnLcore& lcore) {
    izar::RouteTable* table = publisher.writable(sched);
    publisher.publish(sched, table, nullptr, nullptr, nullptr);
#ifdef MISUSE
    publisher.publish(lcore, table, nullptr, nullptr, nullptr);
#endif
    publisher.quiescent(lcore);
}
