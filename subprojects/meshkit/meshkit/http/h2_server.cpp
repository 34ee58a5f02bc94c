#include "meshkit/http/h2_server.h"

namespace mesh::http {

H2Server::H2Server(H2Context& context, net::Stream& transport, ServerEvents& events)
    : events_(events), session_(context, transport, *this) {}

MessageEvents& H2Server::on_request(H2Stream& stream) { return events_.on_request(stream); }

void H2Server::on_refused(const char* reason) { events_.on_malformed(reason); }

void H2Server::on_finished(const Error& error) { events_.on_connection_closed(error); }

}  // namespace mesh::http
