// duplicate_tag.h -- DuplicateTag: what stands in front of an inner packet that travels twice (kFlagDuplicate).
//
//   offset  bytes  field
//        0      2  origin     node id of the node that sent the two copies
//        2      2  reserved   sent as 0, ignored on receipt
//        4      8  sequence   one more for each packet that the origin sends twice; begins at random in each life
//
// It lies in the payload, so that it is sealed with the packet: associated data stay the 44 bytes of the overlay
// header. The payload type is then kEtherTypeSealed, also where security is none. Relays carry it as it is.
#pragma once

#include "dataplane/base/byte_order.h"

namespace izar {

struct DuplicateTag {
    Be16 origin;
    Be16 reserved;
    Be64 sequence;
};
static_assert(sizeof(DuplicateTag) == 12 && alignof(DuplicateTag) == 1);

}  // namespace izar
