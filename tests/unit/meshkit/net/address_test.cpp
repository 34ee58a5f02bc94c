#include "meshkit/net/address.h"

#include <doctest/doctest.h>

#include <unordered_set>

namespace mesh::net {
namespace {

IpAddress ip(std::string_view text) { return IpAddress::parse(text).value(); }

TEST_SUITE("net/address") {
  TEST_CASE("an IP address reads and writes its text") {
    for (const char* text : {"0.0.0.0", "10.1.2.3", "255.255.255.255", "::", "::1", "fe80::1",
                             "2001:db8::8:800:200c:417a", "ff02::fb"})
      CHECK(ip(text).text().view() == text);
  }

  TEST_CASE("what is no IP address is none") {
    for (const char* text :
         {"", "1", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.4 ", " 1.2.3.4", "::1::", "[::1]",
          "fe80::1%eth0", "name", "12345678901234567890123456789012345678901234567890"})
      CHECK_FALSE(IpAddress::parse(text));
    CHECK_FALSE(IpAddress::parse(std::string_view("1.2.3.4\0", 8)));
  }

  TEST_CASE("a v4-mapped IPv6 address is the IPv4 address") {
    CHECK(ip("::ffff:10.1.2.3") == ip("10.1.2.3"));
    CHECK(ip("::ffff:10.1.2.3").is_v4());
    CHECK(ip("::ffff:10.1.2.3").text().view() == "10.1.2.3");
  }

  TEST_CASE("knows loopback, unspecified and link-local addresses of both families") {
    CHECK(ip("127.0.0.1").is_loopback());
    CHECK(ip("127.9.9.9").is_loopback());
    CHECK(ip("::1").is_loopback());
    CHECK_FALSE(ip("::2").is_loopback());
    CHECK_FALSE(ip("10.0.0.1").is_loopback());
    CHECK(ip("0.0.0.0").is_unspecified());
    CHECK(ip("::").is_unspecified());
    CHECK(ip("169.254.1.1").is_link_local());
    CHECK(ip("fe80::1").is_link_local());
    CHECK(ip("febf::1").is_link_local());
    CHECK_FALSE(ip("fec0::1").is_link_local());
  }

  TEST_CASE("comes from and goes to bytes in network order") {
    const std::uint8_t four[] = {10, 1, 2, 3};
    CHECK(IpAddress::from_bytes(four).value() == ip("10.1.2.3"));
    CHECK(ip("10.1.2.3").bytes().size() == 4);
    CHECK(ip("10.1.2.3").bytes()[0] == 10);
    CHECK(ip("10.1.2.3").v4_host_order() == 0x0a010203);
    CHECK(ip("::1").bytes().size() == 16);
    CHECK(IpAddress::from_bytes(ip("2001:db8::1").bytes()).value() == ip("2001:db8::1"));
    CHECK_FALSE(IpAddress::from_bytes(Bytes(four).first(3)));
  }

  TEST_CASE("a socket address reads and writes its text") {
    for (const char* text : {"10.1.2.3:80", "[::1]:65535", "0.0.0.0:0", "[2001:db8::1]:443"})
      CHECK(SocketAddress::parse(text).value().text().view() == text);
    CHECK(SocketAddress::parse("[::ffff:1.2.3.4]:5").value().text().view() == "1.2.3.4:5");
  }

  TEST_CASE("what is no socket address is none") {
    for (const char* text : {"", ":", "10.1.2.3", "10.1.2.3:", "10.1.2.3:65536", "10.1.2.3:+1",
                             "10.1.2.3:-1", "10.1.2.3: 1", "10.1.2.3:1x", "::1:80", "[::1]",
                             "[::1]80", "[10.1.2.3]:80", "name:80", "10.1.2.3:99999999999999"})
      CHECK_FALSE(SocketAddress::parse(text));
  }

  TEST_CASE("the longest text fits") {
    const auto longest =
        SocketAddress::parse("[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]:65535").value();
    CHECK(longest.text().view() == "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
    const auto network = IpNetwork::parse("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128").value();
    CHECK(network.text().view() == "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128");
  }

  TEST_CASE("goes through sockaddr in its own family") {
    for (const char* text : {"10.1.2.3:80", "[2001:db8::1]:443"}) {
      const auto address = SocketAddress::parse(text).value();
      sockaddr_storage raw;

      CHECK(address.to_sockaddr(raw) ==
            (address.ip().is_v4() ? sizeof(sockaddr_in) : sizeof(sockaddr_in6)));
      CHECK(raw.ss_family == address.family());
      CHECK(SocketAddress::from_sockaddr(raw).value() == address);
    }
  }

  TEST_CASE("a mapped sockaddr is unmapped by reading it") {
    const auto address = SocketAddress::parse("10.1.2.3:80").value();
    sockaddr_storage raw;

    CHECK(address.to_sockaddr_v6(raw) == sizeof(sockaddr_in6));
    CHECK(raw.ss_family == AF_INET6);

    CHECK(SocketAddress::from_sockaddr(raw).value() == address);
  }

  TEST_CASE("keeps the interface of a link-local address") {
    sockaddr_in6 raw{};
    raw.sin6_family = AF_INET6;
    raw.sin6_addr.s6_addr[0] = 0xfe;
    raw.sin6_addr.s6_addr[1] = 0x80;
    raw.sin6_scope_id = 7;

    const auto address = SocketAddress::from_sockaddr(reinterpret_cast<sockaddr*>(&raw)).value();
    sockaddr_storage back;
    address.to_sockaddr(back);

    CHECK(reinterpret_cast<sockaddr_in6*>(&back)->sin6_scope_id == 7);
  }

  TEST_CASE("other families are none") {
    sockaddr_storage raw{};
    raw.ss_family = AF_UNIX;
    CHECK_FALSE(SocketAddress::from_sockaddr(raw));
  }

  TEST_CASE("equal, ordered and hashed by address and port") {
    const auto one = SocketAddress::parse("10.0.0.1:80").value();
    CHECK(one == SocketAddress::parse("10.0.0.1:80").value());
    CHECK(one != one.with_port(81));
    CHECK(one < one.with_port(81));
    CHECK(one < SocketAddress::parse("10.0.0.2:1").value());

    std::unordered_set<std::size_t> hashes;
    for (std::uint32_t i = 0; i < 10'000; ++i)
      hashes.insert(
          SocketAddress(IpAddress::v4(0x0a000000 + i % 100), static_cast<std::uint16_t>(i / 100))
              .hash());
    CHECK(hashes.size() > 9'990);
  }

  TEST_CASE("a network contains what shares its prefix, within its family") {
    const auto ten = IpNetwork::parse("10.0.0.0/8").value();
    CHECK(ten.contains(ip("10.255.1.2")));
    CHECK_FALSE(ten.contains(ip("11.0.0.0")));
    CHECK_FALSE(ten.contains(ip("::10")));
    const auto odd = IpNetwork::parse("192.168.4.0/22").value();
    CHECK(odd.contains(ip("192.168.7.255")));
    CHECK_FALSE(odd.contains(ip("192.168.8.0")));
    const auto private6 = IpNetwork::parse("fd00::/8").value();
    CHECK(private6.contains(ip("fdff::1")));
    CHECK_FALSE(private6.contains(ip("fe00::1")));
    CHECK_FALSE(private6.contains(ip("10.0.0.1")));
  }

  TEST_CASE("the networks of everything are apart by family") {
    const auto all4 = IpNetwork::parse("0.0.0.0/0").value();
    const auto all6 = IpNetwork::parse("::/0").value();
    CHECK(all4.contains(ip("1.2.3.4")));
    CHECK_FALSE(all4.contains(ip("::1")));
    CHECK(all6.contains(ip("2001:db8::1")));
    CHECK_FALSE(all6.contains(ip("1.2.3.4")));
  }

  TEST_CASE("a bare address is a network of itself") {
    const auto one = IpNetwork::parse("10.1.2.3").value();
    CHECK(one.prefix() == 32);
    CHECK(one.contains(ip("10.1.2.3")));
    CHECK_FALSE(one.contains(ip("10.1.2.4")));
    CHECK(IpNetwork::parse("::1").value().prefix() == 128);
  }

  TEST_CASE("clears the bits after its prefix, and holds narrower networks") {
    CHECK(IpNetwork::parse("10.9.8.7/8").value().text().view() == "10.0.0.0/8");
    CHECK(IpNetwork::parse("10.9.8.7/8") == IpNetwork::parse("10.0.0.0/8"));
    const auto ten = IpNetwork::parse("10.0.0.0/8").value();
    CHECK(ten.contains(IpNetwork::parse("10.2.0.0/16").value()));
    CHECK_FALSE(ten.contains(IpNetwork::parse("0.0.0.0/0").value()));
  }

  TEST_CASE("what is no network is none") {
    for (const char* text : {"", "/8", "10.0.0.0/", "10.0.0.0/33", "::/129", "10.0.0.0/8x", "x/8"})
      CHECK_FALSE(IpNetwork::parse(text));
  }
}

}  // namespace
}  // namespace mesh::net
