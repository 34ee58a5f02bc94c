#include "meshkit/tls/client_hello.h"

#include <openssl/bytestring.h>

#include <array>
#include <cstring>
#include <optional>

#include "meshkit/tls/context.h"
#include "meshkit/tls/identity_name.h"

namespace mesh::tls {
namespace {

using Verdict = ClientHello::Verdict;

constexpr std::size_t kRecordHead = 5;
constexpr std::size_t kMessageHead = 4;

constexpr std::uint8_t kHandshakeRecord = 22;
constexpr std::uint8_t kClientHelloMessage = 1;
constexpr std::uint16_t kServerNameExtension = 0;
constexpr std::uint16_t kAlpnExtension = 16;
constexpr std::uint8_t kHostName = 0;

// Checks the constant bytes of a record's head as far as they are there.
bool may_be_record(Bytes head) noexcept {
  if (head[0] != kHandshakeRecord) return false;
  if (head.size() >= 2 && head[1] != 3) return false;
  if (head.size() >= 3 && head[2] != 1 && head[2] != 3) return false;
  if (head.size() < kRecordHead) return true;
  const std::uint16_t length = load_be16(&head[3]);
  return length != 0 && length <= kMaxClientHello;
}

// The same for the head of the handshake message.
bool may_be_hello(Bytes message) noexcept {
  if (!message.empty() && message[0] != kClientHelloMessage) return false;
  if (message.size() >= 2 && message[1] != 0) return false;
  if (message.size() < kMessageHead) return true;
  if (kMessageHead + load_be16(&message[2]) > kMaxClientHello) return false;
  const Bytes version = message.subspan(kMessageHead);
  return (version.empty() || version[0] == 3) && (version.size() < 2 || version[1] == 3);
}

// The message's bytes without the heads of the records that carry it.
class Message {
 public:
  // Takes the records of `bytes` up to the end of the message.
  Verdict collect(Bytes bytes) noexcept {
    while (!is_whole()) {
      if (bytes.empty()) return Verdict::need_more;
      if (!may_be_record(bytes)) return Verdict::not_tls;
      if (bytes.size() < kRecordHead) return Verdict::need_more;
      const std::size_t length = load_be16(&bytes[3]);
      const Bytes fragment =
          bytes.subspan(kRecordHead).first(std::min(length, bytes.size() - kRecordHead));
      add(fragment);
      if (!may_be_hello(content())) return Verdict::not_tls;
      bytes = bytes.subspan(kRecordHead + fragment.size());
      // In the middle of a fragment there is no next record to look at.
      if (fragment.size() < length && !is_whole()) return Verdict::need_more;
    }
    return Verdict::hello;
  }

  // After the message's head, once it is whole.
  Bytes body() const noexcept { return content().subspan(kMessageHead, load_be16(&content()[2])); }

 private:
  Bytes content() const noexcept { return is_copied_ ? Bytes(copy_).first(size_) : only_; }
  bool is_whole() const noexcept {
    return content().size() >= kMessageHead &&
           content().size() >= kMessageHead + load_be16(&content()[2]);
  }

  // The first fragment is used where it lies; most hellos have no other.
  void add(Bytes fragment) noexcept {
    if (only_.empty() && !is_copied_) {
      only_ = fragment;
      return;
    }
    if (!is_copied_) append(only_);
    is_copied_ = true;
    append(fragment);
  }
  void append(Bytes fragment) noexcept {
    const std::size_t n = std::min(fragment.size(), copy_.size() - size_);
    std::memcpy(copy_.data() + size_, fragment.data(), n);
    size_ += n;
  }

  Bytes only_;
  bool is_copied_ = false;
  std::size_t size_ = 0;
  std::array<std::uint8_t, kMaxClientHello> copy_;
};

// RFC 6066 section 3: the first host name of the list. False when malformed.
bool read_server_name(CBS extension, std::string& out) {
  CBS names;
  if (CBS_get_u16_length_prefixed(&extension, &names) != 1) return false;
  while (CBS_len(&names) != 0) {
    std::uint8_t type = 0;
    CBS name;
    if (CBS_get_u8(&names, &type) != 1 || CBS_get_u16_length_prefixed(&names, &name) != 1)
      return false;
    if (type != kHostName) continue;
    const std::string_view text = as_text({CBS_data(&name), CBS_len(&name)});
    if (is_dns_name(text)) out = lower_case(text);
    return true;
  }
  return true;
}

// RFC 7301 section 3.1.
bool read_protocols(CBS extension, bool& offers_transport_header) {
  CBS protocols;
  if (CBS_get_u16_length_prefixed(&extension, &protocols) != 1) return false;
  while (CBS_len(&protocols) != 0) {
    CBS name;
    if (CBS_get_u8_length_prefixed(&protocols, &name) != 1) return false;
    if (as_text({CBS_data(&name), CBS_len(&name)}) == kTransportHeaderProtocol)
      offers_transport_header = true;
  }
  return true;
}

bool read_extensions(CBS extensions, ClientHello& hello) {
  while (CBS_len(&extensions) != 0) {
    std::uint16_t type = 0;
    CBS content;
    if (CBS_get_u16(&extensions, &type) != 1 ||
        CBS_get_u16_length_prefixed(&extensions, &content) != 1)
      return false;
    if (type == kServerNameExtension && !read_server_name(content, hello.server_name)) return false;
    if (type == kAlpnExtension && !read_protocols(content, hello.offers_transport_header))
      return false;
  }
  return true;
}

bool read_body(Bytes body, ClientHello& hello) {
  CBS at;
  CBS_init(&at, body.data(), body.size());
  CBS session;
  CBS suites;
  CBS compressions;
  CBS extensions;
  if (CBS_skip(&at, 2 + 32) != 1 || CBS_get_u8_length_prefixed(&at, &session) != 1 ||
      CBS_get_u16_length_prefixed(&at, &suites) != 1 ||
      CBS_get_u8_length_prefixed(&at, &compressions) != 1)
    return false;
  if (CBS_len(&at) == 0) return true;  // a hello of before there were extensions
  return CBS_get_u16_length_prefixed(&at, &extensions) == 1 && read_extensions(extensions, hello);
}

}  // namespace

ClientHello read_client_hello(Bytes bytes) {
  ClientHello hello;
  Message message;
  hello.verdict = message.collect(bytes.first(std::min(bytes.size(), kMaxClientHello)));
  if (hello.verdict == Verdict::hello && !read_body(message.body(), hello))
    return {.verdict = Verdict::not_tls, .server_name = {}};
  if (hello.verdict == Verdict::need_more && bytes.size() >= kMaxClientHello)
    hello.verdict = Verdict::not_tls;
  return hello;
}

}  // namespace mesh::tls
