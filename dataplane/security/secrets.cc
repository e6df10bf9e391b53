#include "dataplane/security/secrets.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <vector>

#include "dataplane/base/byte_order.h"
#include "dataplane/security/primitives.h"

namespace izar {
namespace {

constexpr std::size_t kMostFileBytes = 1 << 20;
constexpr std::size_t kBase64Length = 44;
constexpr std::size_t kHexLength = 64;
constexpr std::string_view kDerivation = "izar link secret of two nodes";
constexpr std::string_view kSpaces = " \t\r";

// The file's text, wiped when it has been read.
struct WipedText {
    std::vector<char> bytes;
    ~WipedText() { cleanse(bytes.data(), bytes.size()); }
};

class File {
  public:
    explicit File(const std::string& path) : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
    ~File() {
        if (descriptor_ >= 0) {
            ::close(descriptor_);
        }
    }
    File(const File&) = delete;
    int descriptor() const noexcept { return descriptor_; }

  private:
    int descriptor_;
};

std::string_view take_word(std::string_view& line) {
    line.remove_prefix(std::min(line.find_first_not_of(kSpaces), line.size()));
    const std::string_view word = line.substr(0, line.find_first_of(kSpaces));
    line.remove_prefix(word.size());
    return word;
}

std::optional<NodeId> node_id(std::string_view word) {
    std::uint16_t id = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), id);
    if (error != std::errc{} || end != word.data() + word.size() || id == 0) {
        return std::nullopt;
    }
    return NodeId{id};
}

int hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool read_hex(std::string_view word, Secret& out) noexcept {
    const auto bytes = out.writable();
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const int high = hex_digit(word[2 * i]);
        const int low = hex_digit(word[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
    }
    return true;
}

bool read_base64(std::string_view word, Secret& out) noexcept {
    // 44 characters are 33 bytes, of which the padding takes one.
    SecretBytes<33> decoded;
    const auto* const text = reinterpret_cast<const std::uint8_t*>(word.data());
    if (word[kBase64Length - 1] != '=' || word[kBase64Length - 2] == '=' ||
        EVP_DecodeBlock(decoded.writable().data(), text, kBase64Length) != 33) {
        return false;
    }
    out = Secret{decoded.view().first<32>()};
    return true;
}

bool read_secret(std::string_view word, Secret& out) noexcept {
    return (word.size() == kHexLength && read_hex(word, out)) ||
           (word.size() == kBase64Length && read_base64(word, out));
}

Secret derive(const Secret& fleet, NodeId low, NodeId high) noexcept {
    std::array<std::uint8_t, kDerivation.size() + 4> info;
    std::memcpy(info.data(), kDerivation.data(), kDerivation.size());
    const std::array<Be16, 2> ids = {Be16{raw(low)}, Be16{raw(high)}};
    std::memcpy(info.data() + kDerivation.size(), ids.data(), sizeof ids);
    Secret out;
    hkdf_expand(hkdf_extract({}, fleet.view()), info, out.writable());
    return out;
}

std::pair<NodeId, NodeId> in_order(NodeId one, NodeId other) noexcept {
    return raw(one) < raw(other) ? std::pair{one, other} : std::pair{other, one};
}

Result<void> check_owner(const std::string& path, const struct stat& status) {
    if (!S_ISREG(status.st_mode)) {
        return fail(fmt::format("{} is no regular file; secrets.file names a file of link secrets", path));
    }
    if (status.st_uid != ::geteuid() && status.st_uid != 0) {
        return fail(fmt::format("{} belongs to user {}, who could read and change the link secrets; run: chown {} {}",
                                path, status.st_uid, ::geteuid(), path));
    }
    if ((status.st_mode & 077) != 0) {
        return fail(fmt::format("{} has mode {:04o}: others than its owner can use it; run: chmod 600 {}", path,
                                status.st_mode & 07777, path));
    }
    if (static_cast<std::size_t>(status.st_size) > kMostFileBytes) {
        return fail(fmt::format("{} has {} bytes; a file of link secrets has at most {}", path, status.st_size,
                                kMostFileBytes));
    }
    return {};
}

}  // namespace

bool AcceptedSecrets::add(const Secret& another) noexcept {
    if (count == kSecretsPerLink) {
        return false;
    }
    secret[count++] = another;
    return true;
}

void AcceptedSecrets::forget_former() noexcept {
    secret[1] = Secret{};
    count = 1;
    has_former = false;
}

bool AcceptedSecrets::contains(const Secret& wanted) const noexcept {
    return std::any_of(secret.begin(), secret.begin() + static_cast<std::ptrdiff_t>(count),
                       [&](const Secret& each) { return each == wanted; });
}

bool AcceptedSecrets::operator==(const AcceptedSecrets& other) const noexcept {
    return count == other.count && has_former == other.has_former &&
           std::equal(secret.begin(), secret.begin() + static_cast<std::ptrdiff_t>(count), other.secret.begin());
}

Result<LinkSecrets> LinkSecrets::load(const std::string& path) {
    const File file{path};
    struct stat status {};
    if (file.descriptor() < 0 || ::fstat(file.descriptor(), &status) != 0) {
        return fail(fmt::format("cannot read the link secrets in {}: {}", path, std::strerror(errno)));
    }
    if (auto owner = check_owner(path, status); !owner) {
        return tl::unexpected(owner.error());
    }
    WipedText text;
    text.bytes.resize(static_cast<std::size_t>(status.st_size));
    std::size_t done = 0;
    while (done < text.bytes.size()) {
        const ssize_t n = ::read(file.descriptor(), text.bytes.data() + done, text.bytes.size() - done);
        if (n <= 0) {
            return fail(fmt::format("cannot read the link secrets in {}: it ended while being read", path));
        }
        done += static_cast<std::size_t>(n);
    }
    return parse({text.bytes.data(), text.bytes.size()}, path);
}

Result<LinkSecrets> LinkSecrets::parse(std::string_view text, const std::string& file_name) {
    LinkSecrets out;
    for (std::size_t number = 1; !text.empty(); ++number) {
        std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        line = line.substr(0, line.find('#'));
        if (line.find_first_not_of(kSpaces) == std::string_view::npos) {
            continue;
        }
        if (auto done = out.parse_line(line); !done) {
            return fail(fmt::format("{}:{}: {}", file_name, number, done.error().text));
        }
    }
    if (out.fleet_.count == 0 && out.links_.empty()) {
        return fail(
            fmt::format("{} has no secret; make one with: echo \"fleet $(openssl rand -base64 32)\"", file_name));
    }
    return out;
}

Result<void> LinkSecrets::parse_line(std::string_view line) {
    const std::string_view word = take_word(line);
    AcceptedSecrets* entry = nullptr;
    if (word == "fleet") {
        entry = &fleet_;
    } else if (word == "link") {
        const auto one = node_id(take_word(line));
        const auto other = node_id(take_word(line));
        if (!one || !other || *one == *other) {
            return fail("a link is two different node ids from 1 to 65535: link ID ID SECRET");
        }
        entry = &links_[in_order(*one, *other)];
    } else {
        return fail("a line starts with 'fleet' or 'link'");
    }
    Secret secret;
    if (!read_secret(take_word(line), secret)) {
        return fail("a secret is 32 bytes as base64 (44 characters) or as 64 hex digits");
    }
    if (!take_word(line).empty()) {
        return fail("nothing may follow the secret but a comment");
    }
    if (!entry->add(secret)) {
        return fail("an entry stands at most twice: the secret to begin with, and another one to accept");
    }
    return {};
}

void LinkSecrets::set(NodeId one, NodeId other, const Secret& secret) {
    AcceptedSecrets& entry = links_[in_order(one, other)] = {};
    entry.add(secret);
}

void LinkSecrets::set(NodeId one, NodeId other, const Secret& secret, const Secret& former) {
    set(one, other, secret);
    AcceptedSecrets& entry = links_[in_order(one, other)];
    entry.has_former = entry.add(former);
}

AcceptedSecrets LinkSecrets::of(NodeId one, NodeId other) const noexcept {
    const auto ids = in_order(one, other);
    if (const auto found = links_.find(ids); found != links_.end()) {
        return found->second;
    }
    AcceptedSecrets out;
    for (std::size_t i = 0; i < fleet_.count; ++i) {
        out.add(derive(fleet_.secret[i], ids.first, ids.second));
    }
    return out;
}

}  // namespace izar
