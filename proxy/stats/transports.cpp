#include "proxy/stats/transports.h"

#include <cstring>

namespace mesh::stats {
namespace {

using metrics::Description;

const Description kOpened = {"tcp_open_total", "Connections that were opened."};
const Description kOpen = {"tcp_open_connections", "Connections that are open."};
const Description kRead = {"tcp_read_bytes_total", "Bytes read from the peer."};
const Description kWritten = {"tcp_write_bytes_total", "Bytes written to the peer."};
const Description kClosed = {"tcp_close_total", "Connections that were closed."};

// "ECONNRESET"; empty for an orderly end.
const char* errno_name(const Error& error) {
  if (error.sys != 0) {
    const char* name = strerrorname_np(error.sys);
    return name != nullptr ? name : "UNKNOWN";
  }
  switch (error.code) {
    case Errc::reset: return "ECONNRESET";
    case Errc::timed_out: return "ETIMEDOUT";
    default: return "";
  }
}

}  // namespace

TransportFamilies::TransportFamilies(metrics::Registry& registry)
    : opened(registry.counter(kOpened)),
      open(registry.gauge(kOpen)),
      read(registry.counter(kRead)),
      written(registry.counter(kWritten)),
      closed(registry.counter(kClosed)) {}

TransportSeries::TransportSeries(TransportFamilies& families, metrics::LabelText labels)
    : families_(families),
      labels_(std::move(labels)),
      opened_(families.opened.series(labels_)),
      open_(families.open.series(labels_)),
      read_(families.read.series(labels_)),
      written_(families.written.series(labels_)),
      closed_(families.closed.series(metrics::LabelText(labels_).add("errno", ""))) {}

void TransportSeries::on_open() {
  ++users;
  opened_->add();
  open_->add(1);
}

void TransportSeries::on_close(const Error& error) {
  --users;
  open_->add(-1);
  const char* name = errno_name(error);
  if (*name == '\0') return closed_->add();
  families_.closed.series(metrics::LabelText(labels_).add("errno", name))->add();
}

void TransportSeries::on_bytes(std::uint64_t read, std::uint64_t written) {
  read_->add(read);
  written_->add(written);
}

Transports::Transports(metrics::Registry& registry) : families_(registry) { registry.add(*this); }

TransportSeries& Transports::series(const metrics::LabelText& labels) {
  auto& series = shared_[labels.text()];
  if (series == nullptr) series = std::make_unique<TransportSeries>(families_, labels);
  return *series;
}

void Transports::open(net::TcpStream& stream, TransportSeries& fallback) {
  live_.insert_or_assign(&stream, Live{.series = &fallback});
}

void Transports::assign(net::TcpStream& stream, TransportSeries& series) {
  const auto found = live_.find(&stream);
  if (found == live_.end() || found->second.is_assigned) return;
  found->second.series = &series;
  found->second.is_assigned = true;
  series.on_open();
}

void Transports::close(net::TcpStream& stream, const Error& error) {
  const auto found = live_.find(&stream);
  if (found == live_.end()) return;
  Live& live = found->second;
  if (!live.is_assigned) live.series->on_open();
  update(stream, live);
  live.series->on_close(error);
  live_.erase(found);
}

void Transports::update(const net::TcpStream& stream, Live& live) {
  live.series->on_bytes(stream.bytes_read() - live.read, stream.bytes_written() - live.written);
  live.read = stream.bytes_read();
  live.written = stream.bytes_written();
}

void Transports::collect() {
  for (auto& [stream, live] : live_) {
    if (live.is_assigned) update(*stream, live);
  }
  std::erase_if(shared_, [](const auto& entry) { return entry.second->users == 0; });
}

}  // namespace mesh::stats
