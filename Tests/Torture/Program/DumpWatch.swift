import Foundation
import Glibc

/// Watches the dump directory for the stages of a dump, which a clock alone would rarely hit.
struct DumpWatch: ~Copyable {
  private let descriptor: Int32

  init?(_ directory: URL) {
    descriptor = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))
    guard descriptor >= 0 else { return nil }
    guard inotify_add_watch(descriptor, directory.path(), UInt32(IN_CREATE | IN_OPEN)) >= 0 else {
      close(descriptor)
      return nil
    }
  }

  deinit {
    close(descriptor)
  }

  /// Waits until a dump's temporary file exists, and then until a file whose name has a certain prefix is opened.
  ///
  /// - Parameters:
  ///   - file: the prefix, or an empty string to wait for the temporary file only.
  ///   - limit: the time limit in milliseconds.
  /// - Returns: whether both were seen.
  func waitForDump(andOpening file: String, within limit: Int32) -> Bool {
    let deadline = ContinuousClock.now + .milliseconds(Int(limit))
    var isWriting = false
    while ContinuousClock.now < deadline {
      var question = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      guard poll(&question, 1, 20) > 0 else { continue }
      for (mask, name) in events() {
        if mask & UInt32(IN_CREATE) != 0, name.hasPrefix(".memory_dump"), name.hasSuffix(".tmp") {
          isWriting = true
          if file.isEmpty { return true }
        } else if isWriting, mask & UInt32(IN_OPEN) != 0, name.hasPrefix(file) {
          return true
        }
      }
    }
    return false
  }

  private func events() -> [(mask: UInt32, name: String)] {
    var buffer = [UInt8](repeating: 0, count: 16_384)
    let count = read(descriptor, &buffer, buffer.count)
    var events: [(UInt32, String)] = []
    var offset = 0
    while offset + MemoryLayout<inotify_event>.size <= count {
      let event = buffer.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: inotify_event.self) }
      let start = offset + MemoryLayout<inotify_event>.size
      offset = start + Int(event.len)
      let name = buffer[start..<min(offset, count)].prefix { $0 != 0 }
      events.append((event.mask, String(decoding: name, as: UTF8.self)))
    }
    return events
  }
}
