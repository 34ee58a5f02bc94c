#pragma once
// Opening: the first bytes of a connection, until it is known what it speaks (detect.h).
//
// No stall. A client that says nothing for `quiet` may be waiting for a server that speaks first:
// on_quiet tells the owner to open the far side, and whichever end speaks first decides. The owner
// then calls `take_silent` when the server spoke. A client that began a line and stopped is waited
// for longer the more its bytes look like HTTP; then it is opaque.
//
// Exactly one of on_protocol and on_gone ends it, unless it is destroyed first; the stream is then
// paused and the owner starts it with its next receiver.

#include <cstdint>

#include "meshkit/async/deadline.h"
#include "meshkit/async/loop.h"
#include "meshkit/net/stream.h"
#include "proxy/listen/detect.h"

namespace mesh::listen {

class Opening final : public Retirable, private net::StreamEvents {
 public:
  // What is asked of the bytes.
  enum class Question : std::uint8_t {
    protocol,                  // which protocol
    client_hello,              // a whole ClientHello (`tls`), or anything else (`opaque`)
    client_hello_or_protocol,  // a whole ClientHello, or which protocol
  };
  struct Settings {
    Milliseconds quiet{100};       // silence after which the far side is opened; 0: at once
    Milliseconds hesitation{300};  // for a line that may yet become anything
    Milliseconds timeout{10'000};  // for a line that looks like HTTP
  };
  class Owner {
   public:
    // `first` is everything read so far and may be overwritten; it lives for the call only.
    // `ended`: the client has already half-closed.
    virtual void on_protocol(Protocol protocol, MutableBytes first, bool ended) = 0;
    virtual void on_quiet() = 0;  // at most once
    virtual void on_gone(const Error& error) = 0;

   protected:
    ~Owner() = default;
  };

  // All must outlive the Opening. Starts the stream.
  Opening(Loop& loop, net::Stream& client, Question question, const Settings& settings,
          Owner& owner);
  Opening(const Opening&) = delete;
  ~Opening() override;

  // Before the stream is read on: bytes that were read by somebody else already.
  void begin(MutableBytes already_read = {});

  // What was read and is not yet told; for an owner that decides by itself.
  Bytes kept() const noexcept { return {kept_, kept_size_}; }

 private:
  void on_data(MutableBytes bytes) override;
  void on_end() override;
  void on_closed(const Error& error) override;
  void on_drained() override {}

  Detection answer(Bytes all) const;
  void examine(MutableBytes all, bool ended);
  void keep(Bytes bytes);
  void on_deadline();
  void decide(Protocol protocol, MutableBytes first, bool ended);

  Loop& loop_;
  net::Stream& client_;
  const Settings settings_;
  const Question question_;
  Owner& owner_;
  Deadline deadline_;
  std::uint8_t* kept_ = nullptr;  // kDetectBytes from the pool, once a first read did not decide
  std::size_t kept_size_ = 0;
  Hint hint_ = Hint::none;
  bool told_quiet_ = false;
  bool is_over_ = false;
};

}  // namespace mesh::listen
