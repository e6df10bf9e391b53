// replay_main.cc -- Runs a fuzz target over its corpus without libFuzzer: a regression test for any compiler.
//
// Every file of the directory is given to the target as it is, then in a fixed number of seeded mutations,
// so that a sanitizer build searches a little further in each run and finds the same in each run.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr int kMutationsPerFile = 2'000;
constexpr std::size_t kLongestInput = 65'536;

void run(const Bytes& input) {
    // A copy of exactly this size, so that a read behind its end is one behind an allocation.
    const Bytes exact(input);
    LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

Bytes mutated(Bytes bytes, std::mt19937& random) {
    const auto below = [&](std::size_t bound) {
        return std::uniform_int_distribution<std::size_t>{0, bound - 1}(random);
    };
    for (std::size_t steps = 1 + below(4); steps > 0; --steps) {
        if (bytes.empty() || below(4) == 0) {
            const auto at = static_cast<std::ptrdiff_t>(below(bytes.size() + 1));
            bytes.insert(bytes.begin() + at, static_cast<std::uint8_t>(below(256)));
        } else if (below(3) == 0) {
            bytes.resize(below(bytes.size() + 1));
        } else {
            std::uint8_t& victim = bytes[below(bytes.size())];
            constexpr std::uint8_t kEdges[] = {0x00, 0x01, 0x7F, 0x80, 0xFF};
            victim =
                below(2) == 0 ? kEdges[below(std::size(kEdges))] : static_cast<std::uint8_t>(victim ^ (1u << below(8)));
        }
    }
    return bytes;
}

Bytes read_file(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    Bytes bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    bytes.resize(std::min(bytes.size(), kLongestInput));
    return bytes;
}

std::vector<std::filesystem::path> files_of(const char* directory) {
    std::vector<std::filesystem::path> files;
    std::error_code failed;
    for (const auto& entry : std::filesystem::directory_iterator(directory, failed)) {
        if (entry.is_regular_file()) {
            files.push_back(entry.path());
        }
    }
    std::sort(files.begin(), files.end());  // the order of a directory is nobody's promise
    return files;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: %s CORPUS_DIRECTORY\n", argv[0]);
        return 2;
    }
    const auto files = files_of(argv[1]);
    if (files.empty()) {
        std::fprintf(stderr, "%s has no file to replay; tests/fuzz/make_corpus.py writes the seeds\n", argv[1]);
        return 1;
    }
    run({});
    std::mt19937 random{1};
    for (const auto& file : files) {
        // Printed before the run, so that a crash is read beside the input that made it.
        std::printf("%s\n", file.filename().c_str());
        std::fflush(stdout);
        const Bytes seed = read_file(file);
        run(seed);
        for (int i = 0; i < kMutationsPerFile; ++i) {
            run(mutated(seed, random));
        }
    }
    std::printf("%zu files, %d mutations each\n", files.size(), kMutationsPerFile);
    return 0;
}
