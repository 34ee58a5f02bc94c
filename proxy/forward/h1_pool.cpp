#include "proxy/forward/h1_pool.h"

#include <utility>

namespace mesh::forward {

class H1Pool::Connection final : public ListLink<ConnectionTag>,
                                 public Retirable,
                                 private http::ClientEvents {
 public:
  Connection(H1Pool& pool, Dialed dialed)
      : pool_(&pool),
        transport_(*dialed.transport),
        stream_(std::move(dialed.stream)),
        client_(pool.loop_, *stream_, *this, pool.settings_.limits),
        idle_(pool.loop_, [this] { client_.drain(); }) {
    if (pool.sensor_ != nullptr) pool.sensor_->on_open(transport_);
    client_.start();
  }

  http::MessageStream* open(http::MessageEvents& events) {
    idle_.disarm();
    return client_.open(events);
  }

 private:
  void on_available() override {
    if (pool_ != nullptr) pool_->on_available(*this);
  }
  void on_draining() override {
    if (pool_ != nullptr) pool_->on_unusable(*this);
  }
  void on_connection_closed(const Error& error) override {
    idle_.disarm();
    if (pool_ != nullptr) pool_->on_connection_closed(*this, error);
  }

  friend class H1Pool;
  H1Pool* pool_;  // null once the pool is gone
  net::TcpStream& transport_;
  std::unique_ptr<net::Stream> stream_;
  http::H1Client client_;
  Deadline idle_;
  bool is_idle_ = false;
};

struct H1Pool::Dialing : ListLink<DialTag>, Retirable {
  explicit Dialing(H1Pool& pool)
      : dial(pool.loop_, pool.target_, pool.tls_,
             [this, &pool](Result<Dialed> dialed) { pool.on_dialed(*this, std::move(dialed)); }) {}
  Dial dial;
};

H1Pool::H1Pool(Loop& loop, const DialTarget& target, const ClientTls& tls,
               const H1PoolSettings& settings, HttpClientEvents& events, TransportSensor* sensor)
    : loop_(loop),
      target_(target),
      tls_(tls),
      settings_(settings),
      events_(events),
      sensor_(sensor) {}

H1Pool::~H1Pool() {
  const auto end = [this](Connection& connection) {
    connection.pool_ = nullptr;
    if (sensor_ != nullptr)
      sensor_->on_close(connection.transport_, {Errc::canceled, "target gone"});
    const std::unique_ptr<Connection> ended(&connection);
  };
  idle_.for_each(end);
  busy_.for_each(end);
  dialing_.for_each([](Dialing& dialing) { const std::unique_ptr<Dialing> ended(&dialing); });
}

Dispatcher::Opened H1Pool::open(Attempt& attempt) {
  if (is_draining_) return {nullptr, Cause::connect_failed};
  while (Connection* connection = idle_.front()) {
    connection->is_idle_ = false;
    --idle_count_;
    busy_.push_back(*connection);
    http::MessageStream* stream = connection->open(attempt.response_events());
    if (stream != nullptr) return {stream, Cause::none};
  }
  if (waiting_ >= settings_.max_waiting) return {nullptr, Cause::load_shed};
  waiters_.push_back(attempt);
  ++waiting_;
  if (dialing_count_ < waiting_ && open_count_ < settings_.max_open) dial();
  return {};
}

bool H1Pool::probe() {
  if (open_count_ != 0) return false;
  dial();
  return true;
}

void H1Pool::dial() {
  Dialing* dialing = std::make_unique<Dialing>(*this).release();
  dialing_.push_back(*dialing);
  ++dialing_count_;
  ++open_count_;
}

void H1Pool::on_dialed(Dialing& dialing, Result<Dialed> dialed) {
  dialing.ListLink<DialTag>::unlink();
  --dialing_count_;
  loop_.retire(std::unique_ptr<Retirable>(&dialing));
  if (!dialed) {
    --open_count_;
    events_.on_unreachable(dialed.error());
    return fail_one_waiter(events_.connect_cause_of(dialed.error()));
  }
  Connection* connection = std::make_unique<Connection>(*this, std::move(*dialed)).release();
  busy_.push_back(*connection);
  events_.on_reachable();
  on_available(*connection);
}

void H1Pool::on_available(Connection& connection) {
  if (is_draining_ || idle_count_ >= settings_.max_idle) return connection.client_.drain();
  if (!connection.is_idle_) {
    connection.is_idle_ = true;
    ++idle_count_;
    idle_.push_front(connection);
    connection.idle_.arm(settings_.idle_timeout);
  }
  if (balance::Waiter* waiter = waiters_.pop_front()) {
    --waiting_;
    waiter->on_endpoint_ready();
  } else {
    waiting_ = 0;  // some may have left by themselves
  }
}

void H1Pool::on_unusable(Connection& connection) {
  if (!connection.is_idle_) return;
  connection.is_idle_ = false;
  --idle_count_;
  busy_.push_back(connection);
}

void H1Pool::on_connection_closed(Connection& connection, const Error& error) {
  if (sensor_ != nullptr) sensor_->on_close(connection.transport_, error);
  on_unusable(connection);
  connection.pool_ = nullptr;
  connection.ListLink<ConnectionTag>::unlink();
  --open_count_;
  loop_.retire(std::unique_ptr<Retirable>(&connection));
  if (!waiters_.empty() && !is_draining_ && dialing_count_ < waiting_) dial();
  events_.on_connections_changed();
}

void H1Pool::fail_one_waiter(Cause cause) {
  balance::Waiter* waiter = waiters_.pop_front();
  if (waiter == nullptr) {
    waiting_ = 0;
    return;
  }
  --waiting_;
  static_cast<Attempt*>(waiter)->on_failed(cause);
}

void H1Pool::drain() {
  is_draining_ = true;
  idle_.for_each([](Connection& connection) { connection.client_.drain(); });
  busy_.for_each([](Connection& connection) { connection.client_.drain(); });
}

bool H1Pool::is_over() const { return open_count_ == 0 && waiters_.empty(); }

}  // namespace mesh::forward
