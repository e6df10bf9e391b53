// expect: cannot convert|invalid conversion
#include "dataplane/base/types.h"

void misuse(izar::NodeId& node) {
    node = izar::NodeId{7};
#ifdef MISUSE
    node = 7;
#endif
}
