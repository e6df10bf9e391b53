// temporary_folder.h -- TemporaryFolder: a folder of one test, for its owner only, gone with the object.
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
    TemporaryFolder() {
        const bool memory = ::access("/dev/shm", W_OK | X_OK) == 0;
        path_ = (memory ? std::string("/dev/shm") : std::filesystem::temp_directory_path().string()) + "/izar-XXXXXX";
        CHECK(::mkdtemp(path_.data()) != nullptr);  // which replaces the six X
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    const std::string& path() const noexcept { return path_; }
    // The path of something in it.
    std::string operator/(const std::string& name) const { return path_ + "/" + name; }

  private:
    std::string path_;
};

}  // namespace izar
