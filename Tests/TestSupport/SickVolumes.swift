package import Foundation
import Glibc

/// A small file system in memory; `nil` where this process may not mount one.
package final class SmallVolume {
  package let url: URL

  package init?(_ url: URL, size: String) {
    self.url = url
    try? FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    guard mount("tmpfs", url.path(), "tmpfs", 0, "size=\(size)") == 0 else { return nil }
  }

  deinit {
    while umount2(url.path(), Int32(MNT_DETACH)) == 0 {}
  }

  /// Writes until there is no room left.
  package func fill() {
    let descriptor = open(url.appending(path: "filler").path(), O_WRONLY | O_CREAT, 0o600)
    let page = [UInt8](repeating: 7, count: 4096)
    while write(descriptor, page, page.count) > 0 {}
    close(descriptor)
  }

  /// Takes back what `fill` took.
  package func free() { unlink(url.appending(path: "filler").path()) }

  /// Puts a read-only view of it in its place. (It can't become read-only itself while a file of it is open for writing.)
  package func makeReadOnly() -> Bool {
    mount(url.path(), url.path(), nil, UInt(MS_BIND), nil) == 0
      && mount(nil, url.path(), nil, UInt(MS_BIND | MS_REMOUNT | MS_RDONLY), nil) == 0
  }
}

/// A directory behind a file system process that can be stopped: every call then hangs, as on a mount of EFS that has
/// lost its server. `nil` where that is not possible.
package final class HangingVolume {
  package let url: URL
  private let process = Process()

  /// - Parameter device: of FUSE.
  package init?(_ url: URL, over directory: URL, device: String = "/dev/fuse") {
    self.url = url
    for path in [url, directory] {
      try? FileManager.default.createDirectory(at: path, withIntermediateDirectories: true)
    }
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["bindfs", "-f", directory.path(), url.path()]
    process.standardError = FileHandle.nullDevice
    guard access(device, R_OK | W_OK) == 0, (try? process.run()) != nil else { return nil }
    let mounted = eventually(within: .seconds(10)) { () -> Bool? in
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
    // Killed, not asked: whoever waits for it gets an error then, and goes on. One that was never started has number 0, which
    // means the whole group of this process.
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    umount2(url.path(), Int32(MNT_DETACH))
  }

  package func hang() { kill(process.processIdentifier, SIGSTOP) }
  package func goOn() { kill(process.processIdentifier, SIGCONT) }
}
