#pragma once
// H2Stream: one exchange of an HTTP/2 connection. Made and destroyed by its H2Session; users see it
// as a MessageStream.

#include <cstdint>

#include "meshkit/base/byte_queue.h"
#include "meshkit/base/clock.h"
#include "meshkit/base/intrusive_list.h"
#include "meshkit/http/message.h"

namespace mesh::http {

class H2Session;

class H2Stream final : public MessageStream {
 public:
  void send_informational(const Head& head) override;
  void send_head(const Head& head, bool last) override;
  void send_body(Bytes bytes) override;
  void send_trailers(const Head& trailers) override;
  void send_end() override;
  // NO_ERROR after send_end lets what is queued leave first: "I have all I need of your request".
  void reset(H2Code code) override;
  void consumed(std::size_t bytes) override;
  void set_events(MessageEvents& events) override;
};

}  // namespace mesh::http
