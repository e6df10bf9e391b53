// expect: cannot convert|invalid initialization|could not convert
#include "dataplane/tables/publisher.h"

void misuse(const izar::Publisher& publisher, const izar::OnSched& sched, const izar::OnLcore& lcore) {
    const izar::Published* published = &publisher.read(lcore);
#ifdef MISUSE
    published = &publisher.read(sched);
#endif
    (void)published;
    (void)sched;
}
