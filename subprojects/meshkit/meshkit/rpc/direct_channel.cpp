#include "meshkit/rpc/direct_channel.h"

#include <utility>

namespace mesh::rpc {

// A connection and the stream below it. Owned by its channel through links_ until it is over, then
// by the loop until the end of the turn.
class DirectChannel::Link final : public Retirable,
                                  public ListLink<LinkTag>,
                                  private http::ClientEvents {
 public:
  Link(DirectChannel& channel, std::unique_ptr<net::Stream> stream)
      : channel_(channel),
        stream_(std::move(stream)),
        watch_(channel.loop(), [this] { on_watch(); }),
        client_(channel.context_, *stream_, *this) {
    watch_.arm(channel.options_.keepalive);
    client_.start();
  }

  http::H2Client& client() noexcept { return client_; }

 private:
  void on_available() override { channel_.on_alive(*this); }
  void on_draining() override { channel_.on_draining(*this); }
  void on_connection_closed(const Error&) override { channel_.on_gone(*this); }

  // Without open calls silence is no sign of anything.
  void on_watch() {
    const ChannelOptions& options = channel_.options_;
    const TimePoint now = channel_.loop().now();
    const bool is_heard = client_.session().last_heard() > asked_at_;
    if (is_asking_ && !is_heard) {
      client_.abort();
      return channel_.on_gone(*this);
    }
    const bool is_quiet = now - client_.session().last_heard() >= options.keepalive;
    is_asking_ = is_quiet && client_.open_exchanges() != 0;
    if (is_asking_) {
      asked_at_ = now;
      (void)client_.session().ping([](Nanoseconds) {});
    }
    watch_.arm(is_asking_ ? options.keepalive_timeout : options.keepalive);
  }

  DirectChannel& channel_;
  std::unique_ptr<net::Stream> stream_;
  Deadline watch_;
  TimePoint asked_at_{};
  bool is_asking_ = false;
  http::H2Client client_;  // goes before its stream
};

DirectChannel::DirectChannel(http::H2Context& context, std::unique_ptr<Dialer> dialer,
                             const ChannelOptions& options, DirectChannelEvents* events)
    : context_(context),
      options_(options),
      events_(events),
      backoff_(options.backoff),
      retry_(context.loop(), [this] { connect(); }),
      dialer_(std::move(dialer)) {}

DirectChannel::~DirectChannel() {
  current_ = nullptr;
  is_dialing_ = true;  // no more of that
  while (Link* link = links_.pop_front()) {
    link->client().abort();
    const std::unique_ptr<Link> end(link);
  }
  while (Call* call = waiting_.pop_front()) call->fail(GrpcCode::unavailable, "channel closed");
}

void DirectChannel::submit(Call& call) {
  if (current_ != nullptr && call.begin(current_->client(), load_)) return;
  waiting_.push_back(call);
  connect();
}

void DirectChannel::connect() {
  if (current_ != nullptr || is_dialing_ || retry_.is_armed() || waiting_.empty()) return;
  is_dialing_ = true;
  dialer_->dial(
      [this](Result<std::unique_ptr<net::Stream>> stream) { on_dialed(std::move(stream)); });
}

void DirectChannel::on_dialed(Result<std::unique_ptr<net::Stream>> stream) {
  is_dialing_ = false;
  if (!stream) return retry_later();
  auto link = std::make_unique<Link>(*this, std::move(*stream));
  links_.push_back(*link);
  current_ = link.release();
  serve();
}

void DirectChannel::retry_later() {
  retry_.arm(backoff_.next(loop().random()));
  if (events_ != nullptr) events_->on_failing();
}

void DirectChannel::serve() {
  while (current_ != nullptr && current_->client().is_available()) {
    Call* call = waiting_.pop_front();
    if (call == nullptr) return;
    if (!call->begin(current_->client(), load_)) return waiting_.push_front(*call);
  }
}

// The peer speaks HTTP/2: only that, not a connection, ends the back-off.
void DirectChannel::on_alive(Link& link) {
  if (&link == current_) backoff_.reset();
  serve();
}

void DirectChannel::on_draining(Link& link) {
  if (&link == current_) current_ = nullptr;
  connect();
}

void DirectChannel::on_gone(Link& link) {
  static_cast<ListLink<LinkTag>&>(link).unlink();
  loop().retire(std::unique_ptr<Retirable>(&link));
  if (&link != current_) return;
  current_ = nullptr;
  retry_later();
}

}  // namespace mesh::rpc
