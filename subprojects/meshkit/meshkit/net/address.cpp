#include "meshkit/net/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace mesh::net {
namespace {

constexpr std::size_t kV4Offset = 12;

// The whole of `text` as a decimal number, or none. No sign, no blanks.
std::optional<std::uint32_t> parse_number(std::string_view text, std::uint32_t largest) noexcept {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (number > largest) return std::nullopt;
  return number;
}

std::uint64_t mix(std::uint64_t value) noexcept {
  value = (value ^ (value >> 32)) * 0xd6e8feb86659fd93;
  return value ^ (value >> 32);
}

}  // namespace

void AddressText::append(std::string_view text) noexcept {
  const std::size_t n = std::min(text.size(), kCapacity - 1 - size_);
  std::memcpy(text_.data() + size_, text.data(), n);
  size_ = static_cast<std::uint8_t>(size_ + n);
}

void AddressText::append(std::uint32_t number) noexcept {
  const auto end = std::to_chars(text_.data() + size_, text_.data() + kCapacity - 1, number).ptr;
  size_ = static_cast<std::uint8_t>(end - text_.data());
}

IpAddress IpAddress::v4(std::uint32_t host_order) noexcept {
  IpAddress ip;
  store_be32(ip.bytes_.data() + kV4Offset, host_order);
  return ip;
}

IpAddress IpAddress::v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) noexcept {
  return v4((std::uint32_t{a} << 24) | (std::uint32_t{b} << 16) | (std::uint32_t{c} << 8) | d);
}

IpAddress IpAddress::any_v6() noexcept {
  IpAddress ip;
  ip.bytes_.fill(0);
  return ip;
}

IpAddress IpAddress::loopback_v6() noexcept {
  IpAddress ip = any_v6();
  ip.bytes_.back() = 1;
  return ip;
}

std::optional<IpAddress> IpAddress::from_bytes(Bytes bytes) noexcept {
  IpAddress ip;
  if (bytes.size() == 4) {
    std::copy(bytes.begin(), bytes.end(), ip.bytes_.begin() + kV4Offset);
  } else if (bytes.size() == 16) {
    std::copy(bytes.begin(), bytes.end(), ip.bytes_.begin());
  } else {
    return std::nullopt;
  }
  return ip;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) noexcept {
  char copy[INET6_ADDRSTRLEN];  // inet_pton wants an ending zero
  if (text.size() >= sizeof copy || text.find('\0') != text.npos) return std::nullopt;
  text.copy(copy, text.size());  // an empty view may point nowhere, which memcpy does not like
  copy[text.size()] = '\0';

  std::uint8_t raw[16];
  if (inet_pton(AF_INET, copy, raw) == 1) return from_bytes({raw, 4});
  if (inet_pton(AF_INET6, copy, raw) == 1) return from_bytes({raw, 16});
  return std::nullopt;
}

bool IpAddress::is_v4() const noexcept {
  return std::equal(bytes_.begin(), bytes_.begin() + kV4Offset, IpAddress().bytes_.begin());
}

bool IpAddress::is_loopback() const noexcept {
  return is_v4() ? bytes_[kV4Offset] == 127 : *this == loopback_v6();
}

bool IpAddress::is_unspecified() const noexcept { return *this == any_v4() || *this == any_v6(); }

bool IpAddress::is_link_local() const noexcept {
  if (is_v4()) return bytes_[kV4Offset] == 169 && bytes_[kV4Offset + 1] == 254;
  return bytes_[0] == 0xfe && (bytes_[1] & 0xc0) == 0x80;
}

Bytes IpAddress::bytes() const noexcept {
  return is_v4() ? Bytes(bytes_).subspan(kV4Offset) : Bytes(bytes_);
}

AddressText IpAddress::text() const noexcept {
  char buffer[INET6_ADDRSTRLEN];
  inet_ntop(is_v4() ? AF_INET : AF_INET6, bytes().data(), buffer, sizeof buffer);
  AddressText text;
  text.append(std::string_view(buffer));
  return text;
}

std::size_t IpAddress::hash() const noexcept {
  std::uint64_t halves[2];
  std::memcpy(halves, bytes_.data(), sizeof halves);
  return mix(mix(halves[0]) ^ halves[1]);
}

std::optional<SocketAddress> SocketAddress::from_sockaddr(const sockaddr* address) noexcept {
  SocketAddress result;
  if (address->sa_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, address, sizeof v4);
    result.ip_ = IpAddress::v4(ntohl(v4.sin_addr.s_addr));
    result.port_ = ntohs(v4.sin_port);
  } else if (address->sa_family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, address, sizeof v6);
    result.ip_ = IpAddress::from_bytes(Bytes(v6.sin6_addr.s6_addr)).value_or(IpAddress());
    result.port_ = ntohs(v6.sin6_port);
    if (result.ip_.is_link_local()) result.scope_ = v6.sin6_scope_id;
  } else {
    return std::nullopt;
  }
  return result;
}

std::optional<SocketAddress> SocketAddress::parse(std::string_view text) noexcept {
  const std::size_t colon = text.rfind(':');
  if (colon == text.npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  // Brackets belong to IPv6 and to nothing else.
  if ((host.find(':') != host.npos) != bracketed) return std::nullopt;

  const auto ip = IpAddress::parse(host);
  const auto port = parse_number(text.substr(colon + 1), 65535);
  if (!ip || !port) return std::nullopt;
  return SocketAddress(*ip, static_cast<std::uint16_t>(*port));
}

socklen_t SocketAddress::to_sockaddr(sockaddr_storage& out) const noexcept {
  if (ip_.is_v6()) return to_sockaddr_v6(out);
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port_);
  v4.sin_addr.s_addr = htonl(ip_.v4_host_order());
  std::memcpy(&out, &v4, sizeof v4);
  return sizeof v4;
}

socklen_t SocketAddress::to_sockaddr_v6(sockaddr_storage& out) const noexcept {
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port_);
  v6.sin6_scope_id = scope_;
  std::copy(ip_.mapped().begin(), ip_.mapped().end(), v6.sin6_addr.s6_addr);
  std::memcpy(&out, &v6, sizeof v6);
  return sizeof v6;
}

SocketAddress SocketAddress::with_port(std::uint16_t port) const noexcept {
  SocketAddress result = *this;
  result.port_ = port;
  return result;
}

AddressText SocketAddress::text() const noexcept {
  AddressText text;
  if (ip_.is_v6()) text.append("[");
  text.append(ip_.text().view());
  text.append(ip_.is_v6() ? "]:" : ":");
  text.append(std::uint32_t{port_});
  return text;
}

std::size_t SocketAddress::hash() const noexcept {
  return mix(ip_.hash() ^ (std::uint64_t{port_} << 32) ^ scope_);
}

std::optional<IpNetwork> IpNetwork::make(const IpAddress& address, unsigned prefix) noexcept {
  const unsigned longest = address.is_v4() ? 32 : 128;
  if (prefix > longest) return std::nullopt;
  IpAddress cleared = address;
  unsigned keep = prefix + (128 - longest);  // in the mapped form
  for (auto& byte : cleared.bytes_) {
    if (keep < 8) byte = static_cast<std::uint8_t>(byte & (0xff00u >> keep));
    keep -= std::min(keep, 8u);
  }
  // ::/0 and its like must not turn into a mapped IPv4 address, nor can they.
  return IpNetwork(cleared, prefix);
}

std::optional<IpNetwork> IpNetwork::parse(std::string_view text) noexcept {
  const std::size_t slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  if (slash == text.npos) return make(*address, address->is_v4() ? 32 : 128);
  const auto prefix = parse_number(text.substr(slash + 1), 128);
  if (!prefix) return std::nullopt;
  return make(*address, *prefix);
}

bool IpNetwork::contains(const IpAddress& address) const noexcept {
  if (address.is_v4() != address_.is_v4()) return false;
  const auto narrowed = make(address, prefix_);
  return narrowed && narrowed->address_ == address_;
}

bool IpNetwork::contains(const IpNetwork& other) const noexcept {
  return other.prefix_ >= prefix_ && contains(other.address_);
}

AddressText IpNetwork::text() const noexcept {
  AddressText text = address_.text();
  text.append("/");
  text.append(std::uint32_t{prefix_});
  return text;
}

}  // namespace mesh::net
