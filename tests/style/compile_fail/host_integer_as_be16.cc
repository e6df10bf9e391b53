// expect: no match for .operator=.|could not convert|conversion from
#include "dataplane/base/byte_order.h"

void misuse(izar::Be16& port) {
    port = izar::Be16{443};
#ifdef MISUSE
    port = 443;
#endif
}
