#include "proxy/init/namespace_lock.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>

#include <chrono>

namespace mesh::init {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kPatience = std::chrono::seconds(10);
constexpr milliseconds kPause(20);

}  // namespace

Outcome<NamespaceLock> NamespaceLock::take() {
  FileDescriptor file(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return NamespaceLock(std::move(file));

  for (milliseconds waited(0); ::flock(file.number(), LOCK_EX | LOCK_NB) != 0; waited += kPause) {
    if (waited >= kPatience)
      return failed("another mesh-init is at work in this network namespace", EWOULDBLOCK);
    (void)::poll(nullptr, 0, static_cast<int>(kPause.count()));  // only to let time pass
  }
  return NamespaceLock(std::move(file));
}

}  // namespace mesh::init
