// expect: no match for .operator\+.
#include "dataplane/base/byte_order.h"

int misuse(izar::Be16 port) {
    int next = port.value() + 1;
#ifdef MISUSE
    next = port + 1;
#endif
    return next;
}
