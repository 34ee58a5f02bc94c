#include "meshkit/http/h2_client.h"

#include <cstdlib>

namespace mesh::http {

H2Client::H2Client(H2Context& context, net::Stream& transport, ClientEvents& events)
    : events_(events), session_(context, transport, *this) {}

MessageStream* H2Client::open(MessageEvents& events) { return session_.open(events); }

// A client takes no requests: push is switched off, and nghttp2 holds the peer to that.
MessageEvents& H2Client::on_request(H2Stream&) { std::abort(); }

void H2Client::on_refused(const char*) {}  // the exchange hears the reason by on_reset

void H2Client::on_room() { events_.on_available(); }

void H2Client::on_goaway() { events_.on_draining(); }

void H2Client::on_finished(const Error& error) { events_.on_connection_closed(error); }

}  // namespace mesh::http
