// expect: use of deleted function
#include "dataplane/tables/publisher.h"

void misuse(const izar::OnLcore& lcore) {
    const izar::OnLcore& borrowed = lcore;
#ifdef MISUSE
    const izar::OnLcore kept = lcore;
#endif
    (void)borrowed;
}
