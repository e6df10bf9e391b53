#include "dataplane/wire/overlay.h"

namespace izar {

void write_overlay_template(OverlayHeader& header, NodeId sender) noexcept {
    header = OverlayHeader{};
    header.geneve.version_option_length = kOptionWords;
    header.geneve.flags = kGeneveCritical;
    header.option_class = Be16{kOptionClass};
    header.option_type = kOptionType;
    header.option_length = kOptionBodyWords;
    header.sender = Be16{raw(sender)};
}

}  // namespace izar
