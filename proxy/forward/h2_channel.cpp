#include "proxy/forward/h2_channel.h"

#include <utility>

namespace mesh::forward {

class H2Channel::Connection final : public ListLink<ConnectionTag>,
                                    public Retirable,
                                    private http::ClientEvents {
 public:
  Connection(H2Channel& channel, Dialed dialed)
      : channel_(&channel),
        loop_(channel.loop_),
        transport_(*dialed.transport),
        stream_(std::move(dialed.stream)),
        client_(channel.context_, *stream_, *this),
        silence_(loop_, [this] { on_silence_check(); }) {
    if (channel.sensor_ != nullptr) channel.sensor_->on_open(transport_);
    client_.start();
  }

  http::MessageStream* open(http::MessageEvents& events) {
    http::MessageStream* stream = client_.open(events);
    if (stream != nullptr && !silence_.is_armed()) watch_silence();
    return stream;
  }
  bool is_available() const { return client_.is_available(); }
  void drain() { client_.drain(); }
  void abort() { client_.abort(); }

 private:
  void on_available() override {
    if (channel_ != nullptr) channel_->wake_waiters();
  }
  void on_draining() override {
    if (channel_ != nullptr && channel_->current_ == this) channel_->current_ = nullptr;
  }
  void on_connection_closed(const Error& error) override {
    silence_.disarm();
    if (channel_ == nullptr) return;
    channel_->on_connection_closed(*this, error);
  }

  // Costs one wheel entry while exchanges are open, and a PING only when nothing else is heard.
  void watch_silence() { silence_.arm(asked_ ? kPatience : kQuiet); }

  void on_silence_check() {
    if (client_.open_exchanges() == 0) return;
    const TimePoint heard = client_.session().last_heard();
    if (asked_ && heard < asked_at_) return give_up();
    asked_ = false;
    if (loop_.now() - heard >= kQuiet) {
      asked_ = true;
      asked_at_ = loop_.now();
      (void)client_.session().ping([](Nanoseconds) {});  // one may be under way: it serves as well
    }
    watch_silence();
  }

  // Aborting tells nobody but the exchanges, so the channel hears of it from here.
  void give_up() {
    const Error error{Errc::timed_out, "peer fell silent"};
    H2Channel* channel = channel_;
    if (channel != nullptr) channel->events_.on_unreachable(error);
    client_.abort();
    if (channel != nullptr) channel->on_connection_closed(*this, error);
  }

  friend class H2Channel;
  H2Channel* channel_;  // null once the channel is gone
  Loop& loop_;
  net::TcpStream& transport_;
  std::unique_ptr<net::Stream> stream_;
  http::H2Client client_;
  Deadline silence_;
  TimePoint asked_at_{};
  bool asked_ = false;
};

H2Channel::H2Channel(http::H2Context& context, const DialTarget& target, const ClientTls& tls,
                     HttpClientEvents& events, TransportSensor* sensor)
    : loop_(context.loop()),
      context_(context),
      target_(target),
      tls_(tls),
      events_(events),
      sensor_(sensor) {}

H2Channel::~H2Channel() {
  connections_.for_each([this](Connection& connection) {
    connection.channel_ = nullptr;
    if (sensor_ != nullptr)
      sensor_->on_close(connection.transport_, {Errc::canceled, "target gone"});
    const std::unique_ptr<Connection> ended(&connection);
  });
}

Dispatcher::Opened H2Channel::open(Attempt& attempt) {
  if (current_ != nullptr && current_->is_available()) {
    http::MessageStream* stream = current_->open(attempt.response_events());
    if (stream != nullptr) return {stream, Cause::none};
  }
  if (is_draining_) return {nullptr, Cause::connect_failed};
  if (waiting_ >= kMaxWaiting) return {nullptr, Cause::load_shed};
  waiters_.push_back(attempt);
  ++waiting_;
  if (current_ == nullptr) dial();
  return {};
}

bool H2Channel::probe() {
  if (current_ != nullptr) return false;
  dial();
  return true;
}

void H2Channel::dial() {
  if (dial_ != nullptr) return;
  dial_ = std::make_unique<Dial>(loop_, target_, tls_,
                                 [this](Result<Dialed> dialed) { on_dialed(std::move(dialed)); });
}

void H2Channel::on_dialed(Result<Dialed> dialed) {
  const std::unique_ptr<Dial> finished = std::move(dial_);
  if (!dialed) {
    events_.on_unreachable(dialed.error());
    return fail_waiters(events_.connect_cause_of(dialed.error()));
  }
  Connection* connection = std::make_unique<Connection>(*this, std::move(*dialed)).release();
  connections_.push_back(*connection);
  ++connection_count_;
  current_ = connection;
  if (is_draining_) connection->drain();
  events_.on_reachable();
  wake_waiters();
}

void H2Channel::wake_waiters() {
  std::size_t turns = waiting_;
  while (turns-- > 0 && current_ != nullptr && current_->is_available()) {
    balance::Waiter* waiter = waiters_.pop_front();
    if (waiter == nullptr) break;
    --waiting_;
    waiter->on_endpoint_ready();
  }
  if (waiters_.empty()) waiting_ = 0;  // some may have left by themselves
}

void H2Channel::fail_waiters(Cause cause) {
  IntrusiveList<balance::Waiter, balance::WaitTag> failing;
  while (balance::Waiter* waiter = waiters_.pop_front()) failing.push_back(*waiter);
  waiting_ = 0;
  while (balance::Waiter* waiter = failing.pop_front())
    static_cast<Attempt*>(waiter)->on_failed(cause);
}

void H2Channel::on_connection_closed(Connection& connection, const Error& error) {
  if (sensor_ != nullptr) sensor_->on_close(connection.transport_, error);
  connection.channel_ = nullptr;
  connection.ListLink<ConnectionTag>::unlink();
  --connection_count_;
  loop_.retire(std::unique_ptr<Retirable>(&connection));
  if (current_ == &connection) current_ = nullptr;
  if (current_ == nullptr && !waiters_.empty() && !is_draining_) dial();
  events_.on_connections_changed();
}

void H2Channel::drain() {
  is_draining_ = true;
  connections_.for_each([](Connection& connection) { connection.drain(); });
  current_ = nullptr;
}

bool H2Channel::is_over() const {
  return connection_count_ == 0 && dial_ == nullptr && waiters_.empty();
}

}  // namespace mesh::forward
