#include "proxy/worker.h"

#include <utility>

#include "meshkit/base/log.h"

namespace mesh {

Worker::Worker(const Settings& settings, discover::Hub& hub)
    : loop_(settings.seed),
      registry_(settings.metrics),
      stats_(registry_, loop_,
             {.access_log = settings.access_log,
              .inbound_connections = settings.inbound.max_connections,
              .outbound_connections = settings.outbound.max_connections}),
      server_name_(settings.server_name),
      mailbox_(std::make_unique<Mailbox>(loop_)),
      discovery_(hub, *mailbox_),
      outbound_(std::make_unique<outbound::Outbound>(loop_, settings.outbound, discovery_,
                                                     static_cast<forward::ClientTls&>(*this),
                                                     stats_.outbound_sensors())),
      inbound_(std::make_unique<inbound::Inbound>(loop_, settings.inbound, discovery_,
                                                  static_cast<inbound::ServerTls&>(*this),
                                                  stats_.inbound_sensors())) {
  stats_.watch(outbound_.get(), inbound_.get());
}

// The flows go before what they use; closing handles takes a turn of the loop.
Worker::~Worker() {
  stats_.watch(nullptr, nullptr);
  outbound_.reset();
  inbound_.reset();
  mailbox_->close();
  while (loop_.run_once(false)) {
  }
}

Status Worker::bind() {
  if (Status bound = outbound_->bind(); !bound) return bound;
  return inbound_->bind();
}

void Worker::run() { loop_.run(); }

void Worker::use_identity(Snapshot<identity::WorkloadIdentity> identity) {
  mailbox_->post([this, identity = std::move(identity)] {
    auto client = tls::Context::make(tls::Context::Role::client, identity->credentials,
                                     identity->bundle, loop_);
    auto server = tls::Context::make(tls::Context::Role::server, identity->credentials,
                                     identity->bundle, loop_);
    if (!client || !server) {
      const Error error = client ? server.error() : client.error();
      return log::error("worker", "identity cannot be used", "error", describe(error));
    }
    client_.emplace(*std::move(client));
    server_.emplace(*std::move(server));
  });
}

void Worker::accept() {
  mailbox_->post([this] {
    outbound_->accept();
    inbound_->accept();
  });
}

void Worker::drain(Mailbox& reply_to, Done drained) {
  reply_to_ = &reply_to;
  drained_ = std::move(drained);
  mailbox_->post([this] {
    draining_ = 2;
    outbound_->drain([this] { tell_if_drained(); });
    inbound_->drain([this] { tell_if_drained(); });
  });
}

void Worker::tell_if_drained() {
  if (--draining_ != 0) return;
  reply_to_->post([this] { drained_(); });
}

void Worker::stop() {
  mailbox_->post([this] { loop_.stop(); });
}

}  // namespace mesh
