// temporary_folder.h -- TemporaryFolder: a folder of one test or measurement, for its owner only, gone with the object.
//
// Thread: a value of the test. In memory where there is such a place: what tests prove does not depend on the disk, and
// a busy one takes a second for what takes memory a millisecond.
#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

#include "dataplane/base/check.h"

namespace izar {

class TemporaryFolder {
  public:
    TemporaryFolder() : TemporaryFolder(::access("/dev/shm", W_OK | X_OK) == 0 ? "/dev/shm" : on_disk()) {}
    // In `parent`, where what is measured depends on the disk: on_disk().
    explicit TemporaryFolder(const std::string& parent) : path_(parent + "/izar-XXXXXX") {
        CHECK(::mkdtemp(path_.data()) != nullptr);  // which replaces the six X
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    static std::string on_disk() { return std::filesystem::temp_directory_path().string(); }

    const std::string& path() const noexcept { return path_; }
    // The path of something in it.
    std::string operator/(const std::string& name) const { return path_ + "/" + name; }

  private:
    std::string path_;
};

}  // namespace izar
