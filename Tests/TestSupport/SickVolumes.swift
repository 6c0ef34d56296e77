package import Foundation
import Glibc

/// A small file system in memory. `init` returns `nil` where this process may not mount one.
package final class SmallVolume {
  /// The mount point.
  package let url: URL

  /// Mounts a file system of a size in the syntax of tmpfs, such as `1m`.
  package init?(_ url: URL, size: String) {
    self.url = url
    try? FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    guard mount("tmpfs", url.path(), "tmpfs", 0, "size=\(size)") == 0 else { return nil }
  }

  deinit {
    while umount2(url.path(), Int32(MNT_DETACH)) == 0 {}
  }

  /// Writes a file until no space is left.
  package func fill() {
    let descriptor = open(url.appending(path: "filler").path(), O_WRONLY | O_CREAT, 0o600)
    let page = [UInt8](repeating: 7, count: 4096)
    while write(descriptor, page, page.count) > 0 {}
    close(descriptor)
  }

  /// Removes the file that `fill` wrote.
  package func free() { unlink(url.appending(path: "filler").path()) }

  /// Mounts a read-only view over the file system. The file system itself can't become read-only while one of its files
  /// is open for writing.
  package func makeReadOnly() -> Bool {
    mount(url.path(), url.path(), nil, UInt(MS_BIND), nil) == 0
      && mount(nil, url.path(), nil, UInt(MS_BIND | MS_REMOUNT | MS_RDONLY), nil) == 0
  }
}

/// A directory behind a file system process that can be stopped. Every system call then hangs, as on an EFS mount that
/// lost its server. `init` returns `nil` where that is not possible.
package final class HangingVolume {
  /// The mount point.
  package let url: URL
  private let process = ChildProcess()

  /// Mounts `directory` at `url`.
  ///
  /// - Parameter device: the FUSE device.
  package init?(_ url: URL, over directory: URL, device: String = "/dev/fuse") {
    self.url = url
    for path in [url, directory] {
      try? FileManager.default.createDirectory(at: path, withIntermediateDirectories: true)
    }
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["bindfs", "-f", directory.path(), url.path()]
    process.standardError = FileHandle.nullDevice
    guard access(device, R_OK | W_OK) == 0, (try? process.run()) != nil else { return nil }
    let mounted = eventually { () -> Bool? in
      guard process.isRunning else { return false }
      return (try? String(contentsOfFile: "/proc/self/mounts", encoding: .utf8))?.contains(" \(url.path()) ") == true
        ? true : nil
    }
    guard mounted == true else {
      if process.isRunning { process.terminate() }
      return nil
    }
  }

  deinit {
    // The process is killed, so that callers that wait for it get an error and continue. A process that was never
    // started has the number 0, which means the whole process group.
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    umount2(url.path(), Int32(MNT_DETACH))
  }

  /// Stops the file system process.
  package func hang() { kill(process.processIdentifier, SIGSTOP) }
  /// Continues the file system process.
  package func goOn() { kill(process.processIdentifier, SIGCONT) }
}
