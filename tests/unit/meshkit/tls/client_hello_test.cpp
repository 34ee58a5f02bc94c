#include "meshkit/tls/client_hello.h"

#include <doctest/doctest.h>
#include <openssl/ssl.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/support/certs.h"

namespace mesh::tls {
namespace {

using Buffer = std::vector<std::uint8_t>;
using Verdict = ClientHello::Verdict;

void add16(Buffer& out, std::size_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}
void add_text(Buffer& out, std::string_view text) {
  out.insert(out.end(), text.begin(), text.end());
}
void add_all(Buffer& out, const Buffer& more) { out.insert(out.end(), more.begin(), more.end()); }

Buffer extension(std::uint16_t type, const Buffer& content) {
  Buffer out;
  add16(out, type);
  add16(out, content.size());
  add_all(out, content);
  return out;
}

Buffer server_name(std::string_view name, std::uint8_t type = 0) {
  Buffer list{type};
  add16(list, name.size());
  add_text(list, name);
  Buffer content;
  add16(content, list.size());
  add_all(content, list);
  return extension(0, content);
}

Buffer protocols(const std::vector<std::string_view>& names) {
  Buffer list;
  for (const std::string_view name : names) {
    list.push_back(static_cast<std::uint8_t>(name.size()));
    add_text(list, name);
  }
  Buffer content;
  add16(content, list.size());
  add_all(content, list);
  return extension(16, content);
}

// A handshake message without a record around it.
Buffer message(const Buffer& extensions) {
  Buffer body{3, 3};
  body.insert(body.end(), 32, 0xaa);
  body.push_back(0);
  add_all(body, {0, 2, 0x13, 0x01, 1, 0});
  add16(body, extensions.size());
  add_all(body, extensions);
  Buffer out{1, 0};
  add16(out, body.size());
  add_all(out, body);
  return out;
}

// In records of at most `fragment` bytes.
Buffer records(const Buffer& content, std::size_t fragment = 16384) {
  Buffer out;
  for (std::size_t at = 0; at < content.size(); at += fragment) {
    const std::size_t size = std::min(fragment, content.size() - at);
    add_all(out, {22, 3, 1});
    add16(out, size);
    out.insert(out.end(), content.begin() + static_cast<long>(at),
               content.begin() + static_cast<long>(at + size));
  }
  return out;
}

// What a real client sends, with its 1.2 KB post-quantum key share.
Buffer real_hello(const std::string& name, bool with_protocol) {
  const bssl::UniquePtr<SSL_CTX> context(SSL_CTX_new(TLS_method()));
  const bssl::UniquePtr<SSL> ssl(SSL_new(context.get()));
  constexpr std::uint16_t kGroups[] = {SSL_GROUP_X25519_MLKEM768, SSL_GROUP_X25519};
  SSL_set1_group_ids(ssl.get(), kGroups, 2);
  SSL_set_tlsext_host_name(ssl.get(), name.c_str());
  const std::string list = "\x02h2\x13transport.l5d.io/v1";
  if (with_protocol) SSL_set_alpn_protos(ssl.get(), as_bytes(list).data(), list.size());
  BIO* out = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), out);
  SSL_set_connect_state(ssl.get());
  SSL_do_handshake(ssl.get());
  const std::uint8_t* bytes = nullptr;
  std::size_t size = 0;
  BIO_mem_contents(out, &bytes, &size);
  return {bytes, bytes + size};
}

TEST_SUITE("tls/client_hello") {
  TEST_CASE("reads the name and the protocol of a real client's hello") {
    const Buffer hello = real_hello("web.ns.test", true);
    REQUIRE(hello.size() > 1200);

    const ClientHello read = read_client_hello(hello);

    CHECK(read.verdict == Verdict::hello);
    CHECK(read.server_name == "web.ns.test");
    CHECK(read.offers_transport_header);
  }

  TEST_CASE("wants more until the last byte of the hello, and no byte longer") {
    for (const Buffer& hello :
         {real_hello("web.ns.test", false), records(message(server_name("a.test")), 7)}) {
      for (std::size_t size = 0; size < hello.size(); ++size)
        REQUIRE(read_client_hello(Bytes(hello).first(size)).verdict == Verdict::need_more);
      CHECK(read_client_hello(hello).verdict == Verdict::hello);
      Buffer more = hello;
      add_text(more, "\x17\x03\x03 early bytes");
      CHECK(read_client_hello(more).verdict == Verdict::hello);
    }
  }

  TEST_CASE("puts fragments of any size together") {
    const Buffer content = message(server_name("fragmented.test"));
    for (std::size_t fragment = 1; fragment <= content.size(); ++fragment) {
      const ClientHello read = read_client_hello(records(content, fragment));
      REQUIRE(read.verdict == Verdict::hello);
      REQUIRE(read.server_name == "fragmented.test");
    }
  }

  TEST_CASE("tells other protocols from TLS at the first byte that differs") {
    CHECK(read_client_hello(as_bytes("GET / HTTP/1.1\r\n")).verdict == Verdict::not_tls);
    CHECK(read_client_hello(as_bytes("PRI * HTTP/2.0")).verdict == Verdict::not_tls);
    CHECK(read_client_hello(as_bytes("S")).verdict == Verdict::not_tls);
    CHECK(read_client_hello(Buffer{}).verdict == Verdict::need_more);
    CHECK(read_client_hello(Buffer{22}).verdict == Verdict::need_more);
    CHECK(read_client_hello(Buffer{22, 2}).verdict == Verdict::not_tls);
    CHECK(read_client_hello(Buffer{22, 3, 2}).verdict == Verdict::not_tls);
    CHECK(read_client_hello(Buffer{22, 3, 4}).verdict == Verdict::not_tls);
    CHECK(read_client_hello(Buffer{22, 3, 3}).verdict == Verdict::need_more);
    CHECK(read_client_hello(Buffer{22, 3, 3, 0x20, 0x01}).verdict == Verdict::not_tls);
    CHECK(read_client_hello(Buffer{22, 3, 3, 0, 0}).verdict == Verdict::not_tls);
    CHECK(read_client_hello(Buffer{22, 3, 3, 1, 0, 2}).verdict == Verdict::not_tls);
    CHECK(read_client_hello(Buffer{22, 3, 3, 1, 0, 1, 1}).verdict == Verdict::not_tls);
    CHECK(read_client_hello(Buffer{22, 3, 3, 1, 0, 1, 0, 0x20, 0}).verdict == Verdict::not_tls);
    CHECK(read_client_hello(Buffer{22, 3, 3, 1, 0, 1, 0, 0, 99, 3, 2}).verdict == Verdict::not_tls);
  }

  TEST_CASE("does without a name, an extension and a protocol") {
    for (const Buffer& extensions : {Buffer{}, extension(43, {2, 3, 4}), protocols({"h2"})}) {
      const ClientHello read = read_client_hello(records(message(extensions)));
      CHECK(read.verdict == Verdict::hello);
      CHECK(read.server_name.empty());
      CHECK_FALSE(read.offers_transport_header);
    }
    Buffer bare = message({});
    bare.resize(bare.size() - 2);
    bare[3] = static_cast<std::uint8_t>(bare[3] - 2);
    CHECK(read_client_hello(records(bare)).verdict == Verdict::hello);
  }

  TEST_CASE("takes only a DNS host name for a name, in lower case") {
    CHECK(read_client_hello(records(message(server_name("Web.TEST")))).server_name == "web.test");
    for (const std::string_view name : {"", "10.0.0.1", "a b", "rooted.test.", "*.test"})
      CHECK(read_client_hello(records(message(server_name(name)))).server_name.empty());
    CHECK(read_client_hello(records(message(server_name("web.test", 1)))).server_name.empty());
  }

  TEST_CASE("finds the protocol among others") {
    const Buffer hello = records(message(protocols({"h2", "transport.l5d.io/v1", "http/1.1"})));

    CHECK(read_client_hello(hello).offers_transport_header);
    CHECK_FALSE(read_client_hello(records(message(protocols({"transport.l5d.io/v2"}))))
                    .offers_transport_header);
  }

  TEST_CASE("takes broken lengths inside for something else") {
    const Buffer good = message(server_name("web.test"));
    int broken = 0;
    for (std::size_t at = 4 + 2 + 32; at < good.size(); ++at) {
      Buffer changed = good;
      changed[at] = 0xff;
      if (read_client_hello(records(changed)).verdict == Verdict::not_tls) ++broken;
    }
    CHECK(broken >= 10);
  }

  TEST_CASE("looks at 8192 bytes and no more") {
    // 51 bytes of message and extension header around the padding, and 5 of the record.
    const std::size_t frame = records(message(extension(21, {}))).size();
    const Buffer fits = records(message(extension(21, Buffer(kMaxClientHello - frame, 0))));
    const Buffer one_more = records(message(extension(21, Buffer(kMaxClientHello - frame + 1, 0))));
    REQUIRE(fits.size() == kMaxClientHello);

    CHECK(read_client_hello(fits).verdict == Verdict::hello);
    CHECK(read_client_hello(one_more).verdict == Verdict::not_tls);
    CHECK(read_client_hello(Bytes(one_more).first(1000)).verdict == Verdict::need_more);
  }
}

}  // namespace
}  // namespace mesh::tls
