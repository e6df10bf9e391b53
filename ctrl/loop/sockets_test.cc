#include "ctrl/loop/sockets.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>

#include "dataplane/base/testing/temporary_folder.h"

namespace izar {
namespace {

TEST(SocketAddress, ReadsWhatItWrites) {
    for (const char* text : {"192.0.2.1:7443", "[2001:db8::1]:0", "0.0.0.0:65535"}) {
        const auto address = SocketAddress::parse(text);
        ASSERT_TRUE(address) << text;
        EXPECT_EQ(address->text(), text);
        sockaddr_storage storage{};
        address->fill(storage);
        EXPECT_EQ(SocketAddress::of(storage), *address);
    }
}

TEST(SocketAddress, RefusesWhatIsNone) {
    for (const char* text : {"", "192.0.2.1", "192.0.2.1:", "192.0.2.1:65536", "192.0.2.1:7x", "2001:db8::1:7443",
                             "[192.0.2.1]:7443", "host:7443", "[]:1", ":1"}) {
        EXPECT_FALSE(SocketAddress::parse(text)) << text;
    }
}

TEST(Sockets, ListensAtAPortThatTheSystemChose) {
    const auto fd = listen_tcp({*IpAddress::parse("127.0.0.1"), 0});
    ASSERT_TRUE(fd) << fd.error().text;
    const SocketAddress at = local_address(fd->get());
    EXPECT_EQ(at.ip.text(), "127.0.0.1");
    EXPECT_NE(at.port, 0);
    const auto second = listen_tcp(at);
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().text.find(at.text()), std::string::npos);
}

TEST(Sockets, UnixSocketIsPrivateAndReplacesOnlyADeadOne) {
    const TemporaryFolder folder;
    const std::string path = folder / "deep/x.sock";
    {
        const auto fd = listen_unix(path);
        ASSERT_TRUE(fd) << fd.error().text;
        struct stat status {};
        ASSERT_EQ(stat(path.c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 0777, 0600U);
        EXPECT_FALSE(listen_unix(path)) << "somebody listens there";
    }
    EXPECT_TRUE(listen_unix(path)) << "what is left behind is replaced";
    EXPECT_FALSE(listen_unix(std::string(200, 'x')));
}

}  // namespace
}  // namespace izar
