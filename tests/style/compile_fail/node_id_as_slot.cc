// expect: cannot convert|invalid conversion|could not convert
#include "dataplane/tables/fleet.h"

const izar::FleetNode& misuse(const izar::Fleet& fleet, izar::NodeId id) {
    const izar::FleetNode* node = &fleet.node(fleet.slot(id));
#ifdef MISUSE
    node = &fleet.node(id);
#endif
    return *node;
}
