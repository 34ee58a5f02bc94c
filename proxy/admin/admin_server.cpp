#include "proxy/admin/admin_server.h"

#include <array>
#include <charconv>
#include <utility>

#include "meshkit/base/log.h"

namespace mesh::admin {
namespace {

constexpr std::size_t kMostBody = 4096;  // of a request

http::H1Limits limits() {
  http::H1Limits limits;
  limits.head_bytes = 16 * 1024;
  limits.line_bytes = 8 * 1024;
  limits.idle = Milliseconds(60'000);
  limits.body = Milliseconds(10'000);
  return limits;
}

}  // namespace

// One client's connection: requests one after the other.
class AdminServer::Connection final : public Retirable,
                                      public ListLink<ConnectionTag>,
                                      private http::ServerEvents,
                                      private http::MessageEvents,
                                      private ScrapeReceiver {
 public:
  Connection(AdminServer& server, net::TcpSocket socket)
      : server_(server),
        client_(socket.peer()),
        stream_(server.resources_.loop, std::move(socket)),
        http_(server.resources_.loop, stream_, *this, server.limits_) {}

  void begin() { http_.start({}); }

 private:
  http::MessageEvents& on_request(http::MessageStream& stream) override;
  void on_connection_closed(const Error&) override { server_.on_connection_over(*this); }
  void on_malformed(const char*) override {}

  void on_informational(http::Head&) override {}
  void on_head(http::Head& head, bool last) override;
  void on_body(Bytes bytes) override;
  void on_trailers(http::Head&) override {}
  void on_end() override { answer(); }
  void on_reset(const http::Reset&) override { forget_exchange(); }
  void on_sent(std::size_t) override {}
  void on_closed() override { forget_exchange(); }

  void on_scraped(std::string_view text) override;

  void answer();
  void send(const Answer& answer, std::string_view body);
  void forget_exchange();

  AdminServer& server_;
  const net::SocketAddress client_;
  net::TcpStream stream_;
  http::H1Server http_;
  http::MessageStream* exchange_ = nullptr;
  Question question_;
  Answer answer_;  // while its body is being scraped
};

http::MessageEvents& AdminServer::Connection::on_request(http::MessageStream& stream) {
  exchange_ = &stream;
  question_ = Question{};
  return *this;
}

void AdminServer::Connection::on_head(http::Head& head, bool last) {
  const std::string_view target = head.path();
  const std::size_t mark = std::min(target.find('?'), target.size());
  question_.method = head.method();
  question_.path = target.substr(0, mark);
  question_.query = target.substr(std::min(mark + 1, target.size()));
  question_.accept = head.find(http::Token::kAccept).value_or("");
  question_.is_from_loopback = client_.is_loopback();
  if (last) answer();
}

void AdminServer::Connection::on_body(Bytes bytes) {
  if (question_.body.size() + bytes.size() > kMostBody) {
    question_.is_body_too_long = true;
  } else {
    question_.body.append(as_text(bytes));
  }
  if (exchange_ != nullptr) exchange_->consumed(bytes.size());
}

void AdminServer::Connection::answer() {
  if (exchange_ == nullptr) return;
  const AdminResources& resources = server_.resources_;
  if (!resources.door.may_ask(client_)) {
    Answer refusal;
    refusal.status = 403;
    return send(refusal, "not authorized\n");
  }
  answer_ = answer_to(question_, resources.pages, resources.readiness, resources.environment);
  if (answer_.then == Answer::Then::scrape) return server_.resources_.scraper.scrape(*this);
  send(answer_, answer_.body);
  if (answer_.then == Answer::Then::shut_down) server_.resources_.stopper.shut_down();
}

void AdminServer::Connection::on_scraped(std::string_view text) {
  if (exchange_ != nullptr) send(answer_, text);
}

void AdminServer::Connection::send(const Answer& answer, std::string_view body) {
  http::Head head(server_.resources_.loop.pool());
  head.status = answer.status;
  if (answer.status != 204) {
    std::array<char, 24> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), body.size()).ptr;
    head.add(http::Token::kContentType, answer.content_type);
    head.add(http::Token::kContentLength, {digits.data(), end});
  }
  if (!answer.allow.empty()) head.add("allow", answer.allow);
  const bool has_body = !body.empty() && answer.status != 204;
  exchange_->send_head(head, !has_body);
  if (!has_body) return;
  exchange_->send_body(as_bytes(body));
  exchange_->send_end();
}

void AdminServer::Connection::forget_exchange() {
  exchange_ = nullptr;
  ListLink<ScrapeTag>::unlink();
}

AdminServer::AdminServer(const AdminResources& resources)
    : resources_(resources), limits_(limits()), listener_(resources.loop) {}

AdminServer::~AdminServer() {
  while (Connection* connection = connections_.front()) on_connection_over(*connection);
}

Status AdminServer::listen(const net::SocketAddress& address) {
  if (auto bound = listener_.bind(address); !bound) return bound;
  listener_.start([this](net::TcpSocket socket) { on_accept(std::move(socket)); });
  return {};
}

void AdminServer::on_accept(net::TcpSocket socket) {
  if (connection_count_ >= kMostConnections) {
    log::warn("admin", "too many connections", "client", socket.peer().text());
    return;
  }
  auto connection = std::make_unique<Connection>(*this, std::move(socket));
  connections_.push_back(*connection);
  ++connection_count_;
  connection.release()->begin();  // owned by the list from here on
}

void AdminServer::on_connection_over(Connection& connection) {
  static_cast<ListLink<ConnectionTag>&>(connection).unlink();
  --connection_count_;
  resources_.loop.retire(std::unique_ptr<Retirable>(&connection));
}

}  // namespace mesh::admin
