#pragma once
// TlsPair: two TlsStreams over memory, with secrets from nowhere: what they do after a handshake.

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "meshkit/tls/tls_stream.h"
#include "tests/support/memory_stream.h"
#include "tests/support/recorder.h"
#include "tests/support/test_loop.h"

namespace mesh::tls {

// Two joined transports that can be given away.
struct TransportPair {
  explicit TransportPair(Loop& loop)
      : client(std::make_unique<test::MemoryStream>(loop)),
        server(std::make_unique<test::MemoryStream>(loop)) {
    test::MemoryStream::join(*client, *server);
  }
  std::unique_ptr<test::MemoryStream> client;
  std::unique_ptr<test::MemoryStream> server;
};

inline const std::vector<std::uint8_t> kClientSecret(32, 0xc1);
inline const std::vector<std::uint8_t> kServerSecret(32, 0x5e);
inline const TrafficSecret kFromClient{0x1301, kClientSecret};
inline const TrafficSecret kFromServer{0x1301, kServerSecret};

inline std::string text_of(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('!' + (i * 7 + i / 89) % 90);
  return text;
}

struct TlsPair {
  TlsPair() {
    TransportPair pair(loop);
    client_transport = pair.client.get();
    server_transport = pair.server.get();
    client = std::make_unique<TlsStream>(loop, std::move(pair.client), TlsStream::Side::client,
                                         kFromServer, kFromClient, ByteQueue(loop->pool()));
    server = std::make_unique<TlsStream>(loop, std::move(pair.server), TlsStream::Side::server,
                                         kFromClient, kFromServer, ByteQueue(loop->pool()));
    client->start(at_client);
    server->start(at_server);
  }

  test::TestLoop loop;
  test::MemoryStream* client_transport;  // owned by the streams
  test::MemoryStream* server_transport;
  test::Recorder at_client;
  test::Recorder at_server;
  std::unique_ptr<TlsStream> client;
  std::unique_ptr<TlsStream> server;
};

// A TlsStream (the server) whose peer is a test that seals its records itself.
struct ForgedPeer {
  ForgedPeer() : sealer(kFromClient), opener(kFromServer) {
    TransportPair pair(loop);
    transport = std::move(pair.client);
    server_transport = pair.server.get();
    server = std::make_unique<TlsStream>(loop, std::move(pair.server), TlsStream::Side::server,
                                         kFromClient, kFromServer, ByteQueue(loop->pool()));
    server->start(at_server);
    transport->start(from_server);
  }

  void send(ContentType type, std::vector<std::uint8_t> content) {
    std::vector<std::uint8_t> record(content.size() + kRecordOverhead);
    sealer.seal(type, content, record.data());
    transport->write(record);
  }
  void send_raw(const std::vector<std::uint8_t>& bytes) { transport->write(bytes); }

  // The content of the next record that the server sent, after its type; empty if there is none.
  std::vector<std::uint8_t> next_answer() {
    const Bytes all = as_bytes(from_server.received).subspan(read_so_far);
    if (all.size() < kRecordHeader) return {};
    const std::size_t size = kRecordHeader + load_be16(&all[3]);
    std::vector<std::uint8_t> out(size);
    const auto opened = opener.open(all.first(size), out.data());
    read_so_far += size;
    if (opened.verdict != Opener::Verdict::opened) return {0xff};
    out.resize(opened.size);
    out.insert(out.begin(), opened.type);
    return out;
  }

  test::TestLoop loop;
  Sealer sealer;
  Opener opener;
  test::Recorder at_server;
  test::Recorder from_server;
  std::size_t read_so_far = 0;
  std::unique_ptr<test::MemoryStream> transport;
  test::MemoryStream* server_transport;  // owned by the stream
  std::unique_ptr<TlsStream> server;
};

}  // namespace mesh::tls
