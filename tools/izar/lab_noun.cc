// `izar lab ...`: the overlay on one machine. The lab is a Python program of its own.
#include "tools/izar/exec_program.h"
#include "tools/izar/noun.h"

namespace izar {

void add_lab_noun(CLI::App& app, Action& run) {
    CLI::App* noun = app.add_subcommand("lab", "Run an overlay of several nodes on this machine: izar lab --help");
    // Everything behind "lab" is the lab's own, --help included.
    noun->set_help_flag();
    noun->prefix_command();
    noun->callback([noun, &run] {
        run = [arguments = noun->remaining()] {
            return exec_program({.name = "izar-lab", .in_build = {}, .in_source = "tools/lab/izar-lab"}, arguments);
        };
    });
}

}  // namespace izar
