// shell.h -- The command language: one line in, one answer out, whoever asks.
//
// The prompt, a command file and each connection of the control socket use the same Shell, so a command
// means the same everywhere. The grammar is matched and completed by DPDK's rte_cmdline, from a context
// that is built from the list in commands.h.
//
// Thread: the main thread only.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "dataplane/base/result.h"
#include "dataplane/shell/commands.h"
#include "dataplane/shell/node_view.h"

namespace izar {

inline constexpr std::size_t kLongestLine = 512;  // bytes; rte_cmdline's own buffer

class Shell {
  public:
    // Both must outlive the shell. The ports that the view shows now are those that TAB offers.
    Shell(const NodeView& view, NodeControl& control);
    ~Shell();
    Shell(const Shell&) = delete;

    // Runs one command. An empty line or a comment ('#' or '!' first) answers with nothing. What cannot
    // be understood is "Bad arguments" or "Command not found" with a hint.
    Reply execute(std::string_view line);

    // rte_cmdline's completion protocol (cmdline_parse.h, cmdline_complete): *state 0 begins.
    int complete(const char* line, int* state, char* out, unsigned int size);

  private:
    struct Grammar;
    const NodeView& view_;
    NodeControl& control_;
    std::unique_ptr<Grammar> grammar_;
};

// Runs the lines of a file in order, printing each and its answer to `out`. Goes on after a command that
// failed, and gives an error at the end that names the first one's line. So does testpmd's --cmdline-file.
Result<void> run_command_file(Shell& shell, const std::string& path, std::string& out);

}  // namespace izar
