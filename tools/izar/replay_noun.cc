// `izar replay ...`: offline replay of RTT matrices, a program of its own because it needs no node.
#include "tools/izar/exec_program.h"
#include "tools/izar/noun.h"

namespace izar {

void add_replay_noun(CLI::App& app, Action& run) {
    CLI::App* noun = app.add_subcommand("replay", "Replay RTT matrices offline: izar replay --help");
    noun->set_help_flag();
    noun->prefix_command();
    noun->callback([noun, &run] {
        run = [arguments = noun->remaining()] {
            return exec_program({.name = "izar-replay", .in_build = "../replay/izar-replay", .in_source = {}},
                                arguments);
        };
    });
}

}  // namespace izar
