// child_process.h -- ChildProcess: a program that is measured, in a process of its own that ends with us.
//
// Thread: one.
#pragma once

#include <sys/types.h>

#include <string>

namespace izar {

class ChildProcess {
  public:
    // Runs `program --config FILE`; what it prints goes to the file `log`.
    ChildProcess(const std::string& program, const std::string& config, const std::string& log);
    ~ChildProcess();
    ChildProcess(const ChildProcess&) = delete;

    double cpu_seconds() const;  // since it began
    double peak_mib() const;     // the most memory that it had at once
    double own_mib() const;      // that it has now, without files (its program, libraries) and shared memory

  private:
    double status_mib(const char* key) const;
    pid_t process_;
};

}  // namespace izar
