#pragma once
// NamespaceLock: while one is held, no other mesh-init changes this network namespace.
//
// The lock is on the namespace itself (its file in /proc), so it ends with the process that holds
// it, whatever its end, and leaves nothing behind. Programs that know nothing of it are not kept
// out: what is written has to be safe against them by itself.

#include "proxy/init/failure.h"
#include "proxy/init/file_descriptor.h"

namespace mesh::init {

class NamespaceLock {
 public:
  // Waits for at most ten seconds. Where there is no /proc, the lock holds nobody back.
  static Outcome<NamespaceLock> take();

 private:
  explicit NamespaceLock(FileDescriptor file) : file_(std::move(file)) {}

  FileDescriptor file_;
};

}  // namespace mesh::init
