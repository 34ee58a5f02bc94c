#include "proxy/forward/http_session.h"

#include <utility>

namespace mesh::forward {

HttpSession::HttpSession(HttpServers& servers, std::unique_ptr<net::Stream> stream,
                         http::Version version, Route& route, Owner& owner)
    : loop_(servers.h2.loop()),
      route_(route),
      owner_(owner),
      slab_(loop_.pool()),
      stream_(std::move(stream)) {
  if (version == http::Version::http2) {
    auto server = std::make_unique<http::H2Server>(servers.h2, *stream_, *this);
    h2_ = server.get();
    connection_ = std::move(server);
  } else {
    auto server = std::make_unique<http::H1Server>(loop_, *stream_, *this, servers.h1);
    h1_ = server.get();
    connection_ = std::move(server);
  }
}

void HttpSession::start(MutableBytes first) {
  h1_ != nullptr ? h1_->start(first) : h2_->start(first);
}

HttpSession::~HttpSession() {
  exchanges_.for_each([this](Exchange& exchange) { slab_.destroy(&exchange); });
}

void HttpSession::drain() { connection_->drain(); }

http::MessageEvents& HttpSession::on_request(http::MessageStream& stream) {
  Exchange* exchange = slab_.create(loop_, route_, static_cast<ExchangeOwner&>(*this), stream);
  exchanges_.push_back(*exchange);
  ++exchange_count_;
  return exchange->request_events();
}

void HttpSession::on_exchange_over(Exchange& exchange) {
  exchange.unlink();
  --exchange_count_;
  loop_.retire(&exchange, &loop_.pool(), [](void* pool, void* object) {
    Slab<Exchange>(*static_cast<BlockPool*>(pool)).destroy(static_cast<Exchange*>(object));
  });
}

void HttpSession::on_connection_closed(const Error& error) { owner_.on_http_closed(error); }

void HttpSession::on_malformed(const char* reason) { owner_.on_http_malformed(reason); }

}  // namespace mesh::forward
