// tls-peer: one end of TLS connections as meshkit plays it, for tests against other programs.
//
//   tls-peer serve ROOTS CHAIN KEY             accepts on a free loopback port and sends bytes back
//   tls-peer call ROOTS CHAIN KEY PORT NAME    sends standard input, writes the answer to standard
//                                              output
//
// The files are PEM. Says on standard error, one line an event: "port N", "secured IDENTITY GROUP
// (header|plain)", "failed REASON", "closed (end|truncated)", "broken REASON".

#include <cstdio>
#include <fstream>
#include <iterator>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "meshkit/net/connect.h"
#include "meshkit/net/tcp_listener.h"
#include "meshkit/net/tcp_stream.h"
#include "meshkit/tls/context.h"
#include "meshkit/tls/handshake.h"

namespace mesh::tls {
namespace {

void say(const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); }

std::string contents(const char* file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

Credentials read_credentials(char** files) {
  std::vector<Certificate> chain = Certificate::all_from_pem(contents(files[0])).value();
  Certificate leaf = chain.front();
  chain.erase(chain.begin());
  return {Key::from_pem(contents(files[1])).value(), std::move(leaf), std::move(chain)};
}

void tell(const Result<Secured>& result) {
  if (!result) return say(std::string("failed ") + result.error().what);
  say("secured " + (result->identity.empty() ? "nobody" : result->identity) + " " +
      std::to_string(result->group) + (result->transport_header ? " header" : " plain"));
}

void tell(const TlsStream& stream, const Error& error) {
  if (error.code != Errc::closed) return say(std::string("broken ") + error.what);
  say(stream.was_truncated() ? "closed truncated" : "closed end");
}

// One accepted connection.
class Echo final : net::StreamEvents {
 public:
  Echo(Loop& loop, const Context& context, net::TcpSocket socket)
      : handshake_(loop, context, std::make_unique<net::TcpStream>(loop, std::move(socket)),
                   Handshake::AsServer{ByteQueue(loop.pool())},
                   [this](Result<Secured> result) { on_handshake(std::move(result)); }) {}

 private:
  void on_handshake(Result<Secured> result) {
    tell(result);
    if (!result) return;
    stream_ = std::move(result->stream);
    stream_->start(*this);
  }
  void on_data(MutableBytes bytes) override {
    stream_->write(bytes);
    if (stream_->congested()) stream_->pause();
  }
  void on_drained() override { stream_->resume(); }
  void on_end() override { stream_->end(); }
  void on_closed(const Error& error) override { tell(*stream_, error); }

  Handshake handshake_;
  std::unique_ptr<TlsStream> stream_;
};

int serve(char** files) {
  Loop loop;
  const TrustBundle bundle = TrustBundle::from_pem(contents(files[0])).value();
  const Context context =
      Context::make(Context::Role::server, read_credentials(files + 1), bundle, loop).value();
  std::list<Echo> connections;
  net::TcpListener listener(loop);
  if (!listener.bind({net::IpAddress::loopback_v4(), 0})) return 1;
  listener.start(
      [&](net::TcpSocket socket) { connections.emplace_back(loop, context, std::move(socket)); });
  say("port " + std::to_string(listener.address().port()));
  loop.run();
  return 0;
}

// One connection that sends all it has and takes what it gets.
class Call final : net::StreamEvents {
 public:
  Call(Loop& loop, const Context& context, std::uint16_t port, std::string name, std::string input)
      : loop_(loop),
        context_(context),
        name_(std::move(name)),
        input_(std::move(input)),
        connect_(loop, {net::IpAddress::loopback_v4(), port}, {},
                 [this](Result<net::TcpSocket> socket) { on_connected(std::move(socket)); }) {}

  bool has_succeeded() const { return has_succeeded_; }

 private:
  void on_connected(Result<net::TcpSocket> socket) {
    if (!socket) return say("failed to connect");
    handshake_ = std::make_unique<Handshake>(
        loop_, context_, std::make_unique<net::TcpStream>(loop_, std::move(*socket)),
        Handshake::AsClient{.server_name = name_, .identity = name_, .transport_header = true},
        [this](Result<Secured> result) { on_handshake(std::move(result)); });
  }
  void on_handshake(Result<Secured> result) {
    tell(result);
    if (!result) return handshake_.reset();
    stream_ = std::move(result->stream);
    stream_->start(*this);
    stream_->write(as_bytes(input_));
    stream_->end();
  }
  void on_data(MutableBytes bytes) override { std::fwrite(bytes.data(), 1, bytes.size(), stdout); }
  void on_drained() override {}
  void on_end() override {}
  void on_closed(const Error& error) override {
    tell(*stream_, error);
    has_succeeded_ = error.code == Errc::closed;
  }

  Loop& loop_;
  const Context& context_;
  std::string name_;
  std::string input_;
  bool has_succeeded_ = false;
  net::Connect connect_;
  std::unique_ptr<Handshake> handshake_;
  std::unique_ptr<TlsStream> stream_;
};

int call(char** arguments) {
  Loop loop;
  const TrustBundle bundle = TrustBundle::from_pem(contents(arguments[0])).value();
  const Context context =
      Context::make(Context::Role::client, read_credentials(arguments + 1), bundle, loop).value();
  Call call(loop, context, static_cast<std::uint16_t>(std::stoi(arguments[3])), arguments[4],
            contents("/dev/stdin"));
  loop.run();
  std::fflush(stdout);
  return call.has_succeeded() ? 0 : 1;
}

}  // namespace
}  // namespace mesh::tls

int main(int count, char** arguments) {
  const std::string_view verb = count > 1 ? arguments[1] : "";
  if (verb == "serve" && count == 5) return mesh::tls::serve(arguments + 2);
  if (verb == "call" && count == 7) return mesh::tls::call(arguments + 2);
  std::fputs("usage: tls-peer serve ROOTS CHAIN KEY | call ROOTS CHAIN KEY PORT NAME\n", stderr);
  return 64;
}
