#include "dataplane/shell/prompt.h"

#include <cmdline_rdline.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "dataplane/base/check.h"

namespace izar {

Prompt::Prompt(Shell& shell, NodeControl& control, int in, int out, std::string prompt)
    : shell_(shell), control_(control), in_(in), out_(out), prompt_(std::move(prompt)) {
    termios mode{};
    if (isatty(in_) == 0 || tcgetattr(in_, &mode) != 0) {
        return;
    }
    former_mode_ = mode;
    mode.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG);
    tcsetattr(in_, TCSANOW, &mode);
    editor_ = rdline_new(write_char, on_line, on_tab, this);
    CHECK(editor_ != nullptr);
    rdline_newline(editor_, prompt_.c_str());
}

Prompt::~Prompt() {
    if (editor_ != nullptr) {
        rdline_free(editor_);
    }
    if (former_mode_) {
        tcsetattr(in_, TCSANOW, &*former_mode_);
    }
}

bool Prompt::on_readable() {
    char bytes[512];
    const ssize_t count = read(in_, bytes, sizeof bytes);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) {
        return true;
    }
    for (ssize_t i = 0; i < count && !ended_; ++i) {
        if (editor_ != nullptr) {
            on_terminal_byte(bytes[i]);
        } else {
            on_pipe_byte(bytes[i]);
        }
    }
    if (count <= 0) {
        if (!pending_.empty()) {
            on_pipe_byte('\n');  // the last line of a file may lack its newline
        }
        ended_ = true;
    }
    if (ended_) {
        control_.quit();
    }
    return !ended_;
}

void Prompt::on_terminal_byte(char byte) {
    // ISIG is off, so that the editor sees every key; Ctrl-C drops the line that was being typed, and the
    // process is ended by quit or Ctrl-D.
    const int result = rdline_char_in(editor_, byte);
    if (result == RDLINE_RES_VALIDATED) {
        const char* line = rdline_get_buffer(editor_);
        const char* last = rdline_get_history_item(editor_, 0);
        if (std::strlen(line) > 1 && (last == nullptr || std::strcmp(line, last) != 0)) {
            rdline_add_history(editor_, line);
        }
        rdline_newline(editor_, prompt_.c_str());
    } else if (result == RDLINE_RES_EOF || result == RDLINE_RES_EXITED) {
        write_all("\n");
        ended_ = true;
    }
}

void Prompt::on_pipe_byte(char byte) {
    if (byte != '\n') {
        // One byte above the limit is enough for the shell to refuse the line.
        if (pending_.size() <= kLongestLine) {
            pending_ += byte;
        }
        return;
    }
    const std::string line = std::move(pending_);
    pending_.clear();
    run(line.ends_with('\r') ? std::string_view(line).substr(0, line.size() - 1) : std::string_view(line));
}

void Prompt::run(std::string_view line) {
    write_all(shell_.execute(line).text);
}

void Prompt::write_all(std::string_view text) const {
    while (!text.empty()) {
        const ssize_t count = write(out_, text.data(), text.size());
        if (count > 0) {
            text.remove_prefix(static_cast<std::size_t>(count));
        } else if (count < 0 && errno == EAGAIN) {
            pollfd ready{.fd = out_, .events = POLLOUT, .revents = 0};
            poll(&ready, 1, 1000);
        } else if (count < 0 && errno != EINTR) {
            return;  // nobody reads any more
        }
    }
}

int Prompt::write_char(rdline* editor, char byte) {
    static_cast<Prompt*>(rdline_get_opaque(editor))->write_all({&byte, 1});
    return 0;
}

void Prompt::on_line(rdline* editor, const char* line, unsigned int size) {
    std::string_view text(line, strnlen(line, size));
    while (text.ends_with('\n') || text.ends_with('\r')) {
        text.remove_suffix(1);
    }
    static_cast<Prompt*>(rdline_get_opaque(editor))->run(text);
}

int Prompt::on_tab(rdline* editor, const char* line, char* out, unsigned int size, int* state) {
    return static_cast<Prompt*>(rdline_get_opaque(editor))->shell_.complete(line, state, out, size);
}

}  // namespace izar
