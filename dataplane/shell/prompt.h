// prompt.h -- The shell on a pair of file descriptors: a terminal with editing, or a pipe.
//
// On a terminal rte_cmdline's line editor gives history and TAB completion. From a pipe each line is a
// command, nothing is echoed, and every answer is written out before the next line is read.
//
// Thread: the main thread only.
#pragma once

#include <termios.h>

#include <memory>
#include <optional>
#include <string>

#include "dataplane/shell/shell.h"

struct rdline;

namespace izar {

class Prompt {
  public:
    // Puts a terminal into raw mode until destruction. The descriptors stay the caller's.
    Prompt(Shell& shell, NodeControl& control, int in, int out, std::string prompt);
    ~Prompt();
    Prompt(const Prompt&) = delete;

    // Reads what there is and runs the lines that are complete. At the end of the input it asks the node
    // to quit, as testpmd does, and gives false: do not poll it again.
    bool on_readable();
    int in() const noexcept { return in_; }

  private:
    void on_terminal_byte(char byte);
    void on_pipe_byte(char byte);
    void run(std::string_view line);
    void write_all(std::string_view text) const;
    static int write_char(rdline* editor, char byte);
    static void on_line(rdline* editor, const char* line, unsigned int size);
    static int on_tab(rdline* editor, const char* line, char* out, unsigned int size, int* state);

    Shell& shell_;
    NodeControl& control_;
    int in_;
    int out_;
    std::string prompt_;
    std::optional<termios> former_mode_;  // set: `in` is a terminal
    rdline* editor_ = nullptr;
    std::string pending_;  // of an unfinished line from a pipe
    bool ended_ = false;
};

}  // namespace izar
