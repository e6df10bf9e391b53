#include "ctrl/agent/identity.h"

#include <control.pb.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "ctrl/frames/frame.h"
#include "ctrl/frames/messages.h"
#include "ctrl/loop/sockets.h"
#include "ctrl/ring/link_body.h"

namespace izar {
namespace {

Error failure(const std::string& path) {
    return {fmt::format("{}: {}", path, std::generic_category().message(errno))};
}

std::string line_of(const std::string& text, const std::string& key) {
    const auto at = text.find(key + ": ");
    if (at == std::string::npos) {
        return "";
    }
    const auto begin = at + key.size() + 2;
    return text.substr(begin, text.find('\n', begin) - begin);
}

// izar-edge refuses a file without a secret; until the controller has sent some, this one, which nobody else knows.
std::string lonely_secret(const Identity& identity) {
    Fingerprint hash{};
    EVP_Digest(identity.credentials.key.data(), identity.credentials.key.size(), hash.data(), nullptr, EVP_sha256(),
               nullptr);
    std::string out = "# Written by izar-agent when this node joined.\nfleet ";
    for (const std::uint8_t byte : hash) {
        out += fmt::format("{:02x}", byte);
    }
    return out + "\n";
}

Result<void> remove_file(const std::string& path) {
    std::error_code problem;
    std::filesystem::remove(path, problem);
    return problem ? fail(fmt::format("{}: {}; it is of a former identity, remove it", path, problem.message()))
                   : Result<void>{};
}

control::KeptStatic owned_by(const Identity& self) {
    control::KeptStatic out;
    out.set_node(raw(self.id));
    const auto print = certificate_fingerprint(self.authority);
    out.set_authority(print ? std::string(print->begin(), print->end()) : "");
    return out;
}

}  // namespace

Result<std::string> read_whole_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) {
        return tl::unexpected(failure(path));
    }
    return std::string{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

Result<void> replace_file(const std::string& path, const std::string& content, const FileOwner& owner) {
    std::error_code ignored;  // what is in the way, open() says
    std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
    const std::string fresh = path + ".new";
    FileDescriptor file{open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
    if (!file || fchown(file.get(), owner.user, owner.group) != 0 || fchmod(file.get(), owner.mode) != 0) {
        return tl::unexpected(failure(fresh));
    }
    std::size_t written = 0;
    while (written < content.size()) {
        const ssize_t more = write(file.get(), content.data() + written, content.size() - written);
        if (more < 0) {
            return tl::unexpected(failure(fresh));
        }
        written += static_cast<std::size_t>(more);
    }
    if (fsync(file.get()) != 0 || rename(fresh.c_str(), path.c_str()) != 0) {
        return tl::unexpected(failure(path));
    }
    return {};
}

Result<void> save_identity(const std::string& folder, const Identity& identity) {
    if (auto gone = remove_file(folder + "/static.data"); !gone) {
        return gone;
    }
    const std::string yaml =
        fmt::format("# Written by izar-agent when this node joined.\nid: {}\nname: {}\nregion: {}\n", raw(identity.id),
                    identity.name, identity.region);
    const std::string secret = lonely_secret(identity);
    const std::pair<const char*, const std::string&> files[] = {{"/node.key", identity.credentials.key},
                                                                {"/link.secrets", secret},
                                                                {"/node.crt", identity.credentials.certificate},
                                                                {"/authority.crt", identity.authority},
                                                                {"/node.yaml", yaml}};
    for (const auto& [name, content] : files) {
        if (auto done = replace_file(folder + name, content); !done) {
            return done;
        }
    }
    return remove_file(folder + "/node.key.pending");
}

Result<Identity> load_identity(const std::string& folder) {
    Identity out;
    std::string yaml;
    const std::pair<const char*, std::string&> files[] = {{"/node.yaml", yaml},
                                                          {"/node.key", out.credentials.key},
                                                          {"/node.crt", out.credentials.certificate},
                                                          {"/authority.crt", out.authority}};
    for (const auto& [name, content] : files) {
        auto read = read_whole_file(folder + name);
        if (!read) {
            return fail(fmt::format("{}; this node has not joined: izar-agent --join CONTROLLER:PORT --token TOKEN",
                                    read.error().text));
        }
        content = *std::move(read);
    }
    const auto certified = certificate_identity(out.credentials.certificate);
    if (!certified || certified->node == kNoNode) {
        return fail(fmt::format("{}/node.crt is no node's certificate; join again with a new token", folder));
    }
    out.id = certified->node;
    out.name = line_of(yaml, "name");
    out.region = line_of(yaml, "region");
    return out;
}

Result<void> save_static_data(const std::string& folder, const Identity& self, const StaticData& data) {
    std::string secrets = "# Written by izar-agent.\n";
    for (const auto& [peer, secret] : data.secrets) {
        secrets += secret_line(self.id, peer, secret);
        if (const auto former = data.former_secrets.find(peer); former != data.former_secrets.end()) {
            secrets += secret_line(self.id, peer, former->second);
        }
    }
    if (!data.secrets.empty()) {
        if (auto done = replace_file(folder + "/link.secrets", secrets); !done) {
            return done;
        }
    }
    control::KeptStatic kept = owned_by(self);
    *kept.mutable_update() = whole_update(data);
    return replace_file(folder + "/static.data", kept.SerializeAsString());
}

StaticData load_static_data(const std::string& folder, const Identity& self) {
    StaticData out;
    const auto text = read_whole_file(folder + "/static.data");
    if (!text || text->size() > kLongestFrame) {
        return out;
    }
    control::KeptStatic kept;
    const control::KeptStatic ours = owned_by(self);
    if (!kept.ParseFromString(*text) || kept.node() != ours.node() || kept.authority() != ours.authority() ||
        !kept.update().whole() || !apply_update(kept.update(), out)) {
        return StaticData{};
    }
    return out;
}

}  // namespace izar
