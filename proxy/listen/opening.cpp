#include "proxy/listen/opening.h"

#include <algorithm>
#include <cstring>

#include "meshkit/tls/client_hello.h"

namespace mesh::listen {

Opening::Opening(Loop& loop, net::Stream& client, Question question, const Settings& settings,
                 Owner& owner)
    : loop_(loop),
      client_(client),
      settings_(settings),
      question_(question),
      owner_(owner),
      deadline_(loop, [this] { on_deadline(); }) {}

Opening::~Opening() { loop_.pool().free(kept_); }

void Opening::begin(MutableBytes already_read) {
  client_.start(*this);
  if (!already_read.empty()) return on_data(already_read);
  if (settings_.quiet.count() == 0) return on_deadline();
  deadline_.arm(settings_.quiet);
}

Detection Opening::answer(Bytes all) const {
  if (question_ == Question::protocol) return detect(all);
  switch (tls::read_client_hello(all).verdict) {
    case tls::ClientHello::Verdict::hello: return {true, Protocol::tls, Hint::none};
    case tls::ClientHello::Verdict::need_more: return {false, Protocol::opaque, Hint::likely};
    case tls::ClientHello::Verdict::not_tls: break;
  }
  if (question_ == Question::client_hello) return {true, Protocol::opaque, Hint::none};
  const Detection detection = detect(all);
  // Something that begins like TLS and is no ClientHello.
  if (detection.decided && detection.protocol == Protocol::tls)
    return {true, Protocol::opaque, Hint::none};
  return detection;
}

void Opening::on_data(MutableBytes bytes) {
  if (is_over_) return;
  if (kept_size_ == 0) return examine(bytes, false);
  const std::size_t room = kDetectBytes - kept_size_;
  keep(bytes.first(std::min(bytes.size(), room)));
  if (bytes.size() < room) return examine({kept_, kept_size_}, false);
  // Full and undecided: detect() calls it opaque. What did not fit follows in the same span, which
  // needs memory of its own: `bytes` may lie in either scratch buffer.
  BlockPool& pool = loop_.pool();
  const Bytes rest = bytes.subspan(room);
  const std::size_t size = kept_size_ + rest.size();
  auto* all = static_cast<std::uint8_t*>(pool.allocate(size));
  std::memcpy(all, kept_, kept_size_);
  if (!rest.empty()) std::memcpy(all + kept_size_, rest.data(), rest.size());
  examine({all, size}, false);
  pool.free(all);
}

void Opening::examine(MutableBytes all, bool ended) {
  const Detection detection = answer(all);
  if (detection.decided) return decide(detection.protocol, all, ended);
  if (ended) return decide(Protocol::opaque, all, ended);
  if (kept_size_ == 0) keep(all);
  hint_ = detection.hint;
  if (hint_ == Hint::likely) return deadline_.arm(settings_.timeout);
  deadline_.arm(told_quiet_ ? settings_.hesitation : settings_.quiet);
}

void Opening::keep(Bytes bytes) {
  if (kept_ == nullptr) kept_ = static_cast<std::uint8_t*>(loop_.pool().allocate(kDetectBytes));
  std::memcpy(kept_ + kept_size_, bytes.data(), bytes.size());
  kept_size_ += bytes.size();
}

void Opening::on_end() {
  if (!is_over_) examine({kept_, kept_size_}, true);
}

void Opening::on_closed(const Error& error) {
  if (is_over_) return;
  is_over_ = true;
  deadline_.disarm();
  owner_.on_gone(error);
}

void Opening::on_deadline() {
  const bool spoke = kept_size_ != 0;
  if (!told_quiet_) {
    told_quiet_ = true;
    // With both ends silent there is nothing to decide: wait for whoever speaks first.
    if (spoke) deadline_.arm(hint_ == Hint::likely ? settings_.timeout : settings_.hesitation);
    return owner_.on_quiet();
  }
  if (spoke) decide(Protocol::opaque, {kept_, kept_size_}, false);
}

void Opening::decide(Protocol protocol, MutableBytes first, bool ended) {
  is_over_ = true;
  deadline_.disarm();
  client_.pause();
  owner_.on_protocol(protocol, first, ended);
}

}  // namespace mesh::listen
