#pragma once
// Addresses as values: IpAddress, SocketAddress (address and port), IpNetwork (CIDR block).
//
// IPv4 is kept in its v4-mapped form, so ::ffff:10.0.0.1 and 10.0.0.1 are one value everywhere and
// every sockaddr is unmapped by being read. Text is written into a buffer of the caller's or a
// small value; nothing allocates. Zones are kept from the kernel (link-local), never parsed or
// printed.

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "meshkit/base/bytes.h"

namespace mesh::net {

// Text of an address: large enough for "[v6]:port" and "v6/prefix".
class AddressText {
 public:
  std::string_view view() const noexcept { return {text_.data(), size_}; }
  // NOLINTNEXTLINE(google-explicit-constructor): it is its text
  operator std::string_view() const noexcept { return view(); }
  const char* c_str() const noexcept { return text_.data(); }

  static constexpr std::size_t kCapacity = 56;

 private:
  friend class IpAddress;
  friend class SocketAddress;
  friend class IpNetwork;
  void append(std::string_view text) noexcept;
  void append(std::uint32_t number) noexcept;

  std::array<char, kCapacity> text_{};
  std::uint8_t size_ = 0;
};

class IpAddress {
 public:
  // 0.0.0.0
  constexpr IpAddress() noexcept : bytes_{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0} {}

  static IpAddress v4(std::uint32_t host_order) noexcept;
  static IpAddress v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) noexcept;
  // `bytes` has 4 or 16 bytes in network order; none otherwise.
  static std::optional<IpAddress> from_bytes(Bytes bytes) noexcept;
  // "10.0.0.1", "fe80::1"; no brackets, no zone.
  static std::optional<IpAddress> parse(std::string_view text) noexcept;
  static IpAddress any_v4() noexcept { return IpAddress(); }
  static IpAddress any_v6() noexcept;
  static IpAddress loopback_v4() noexcept { return v4(127, 0, 0, 1); }
  static IpAddress loopback_v6() noexcept;

  bool is_v4() const noexcept;
  bool is_v6() const noexcept { return !is_v4(); }
  bool is_loopback() const noexcept;     // 127.0.0.0/8, ::1
  bool is_unspecified() const noexcept;  // 0.0.0.0, ::
  bool is_link_local() const noexcept;   // 169.254.0.0/16, fe80::/10
  std::uint32_t v4_host_order() const noexcept { return load_be32(bytes_.data() + 12); }

  // Network order: 4 bytes for IPv4, 16 for IPv6. Views this object.
  Bytes bytes() const noexcept;
  // Always 16: IPv4 as ::ffff:a.b.c.d.
  const std::array<std::uint8_t, 16>& mapped() const noexcept { return bytes_; }

  AddressText text() const noexcept;
  std::size_t hash() const noexcept;
  friend auto operator<=>(const IpAddress&, const IpAddress&) noexcept = default;

 private:
  friend class IpNetwork;
  std::array<std::uint8_t, 16> bytes_;
};

class SocketAddress {
 public:
  constexpr SocketAddress() noexcept = default;
  constexpr SocketAddress(IpAddress ip, std::uint16_t port) noexcept : ip_(ip), port_(port) {}

  // None for families other than IPv4 and IPv6.
  static std::optional<SocketAddress> from_sockaddr(const sockaddr* address) noexcept;
  static std::optional<SocketAddress> from_sockaddr(const sockaddr_storage& address) noexcept {
    return from_sockaddr(reinterpret_cast<const sockaddr*>(&address));
  }
  // "10.0.0.1:80", "[::1]:80"; the port is required.
  static std::optional<SocketAddress> parse(std::string_view text) noexcept;

  // Writes the address in its own family and returns its length.
  socklen_t to_sockaddr(sockaddr_storage& out) const noexcept;
  // The same as sockaddr_in6 (IPv4 mapped), for sockets of that family.
  socklen_t to_sockaddr_v6(sockaddr_storage& out) const noexcept;

  const IpAddress& ip() const noexcept { return ip_; }
  std::uint16_t port() const noexcept { return port_; }
  SocketAddress with_port(std::uint16_t port) const noexcept;
  bool is_loopback() const noexcept { return ip_.is_loopback(); }
  int family() const noexcept { return ip_.is_v4() ? AF_INET : AF_INET6; }

  AddressText text() const noexcept;
  std::size_t hash() const noexcept;
  friend auto operator<=>(const SocketAddress&, const SocketAddress&) noexcept = default;

 private:
  IpAddress ip_;
  std::uint16_t port_ = 0;
  std::uint32_t scope_ = 0;  // interface of a link-local IPv6 address
};

class IpNetwork {
 public:
  // 0.0.0.0/0 is all of IPv4, ::/0 all of IPv6 and nothing of IPv4.
  // None when `prefix` is longer than the address. Bits after the prefix are cleared.
  static std::optional<IpNetwork> make(const IpAddress& address, unsigned prefix) noexcept;
  // "10.0.0.0/8", "fd00::/8", or a bare address for itself alone.
  static std::optional<IpNetwork> parse(std::string_view text) noexcept;

  bool contains(const IpAddress& address) const noexcept;
  bool contains(const IpNetwork& other) const noexcept;
  const IpAddress& address() const noexcept { return address_; }
  unsigned prefix() const noexcept { return prefix_; }  // within its own family

  AddressText text() const noexcept;
  friend auto operator<=>(const IpNetwork&, const IpNetwork&) noexcept = default;

 private:
  IpNetwork(const IpAddress& address, unsigned prefix) noexcept
      : address_(address), prefix_(static_cast<std::uint8_t>(prefix)) {}
  IpAddress address_;
  std::uint8_t prefix_;
};

}  // namespace mesh::net

template <>
struct std::hash<mesh::net::IpAddress> {
  std::size_t operator()(const mesh::net::IpAddress& ip) const noexcept { return ip.hash(); }
};
template <>
struct std::hash<mesh::net::SocketAddress> {
  std::size_t operator()(const mesh::net::SocketAddress& a) const noexcept { return a.hash(); }
};
