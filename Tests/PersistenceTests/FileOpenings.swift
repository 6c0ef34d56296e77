import Glibc

/// Counts how often a file is opened.
final class FileOpenings {
  private let descriptor = inotify_init1(Int32(IN_NONBLOCK))
  let isWatching: Bool

  init(of path: String) {
    // The kernel makes one event of equal ones behind each other. A file is read after it was opened, and these events
    // keep two openings apart.
    isWatching = inotify_add_watch(descriptor, path, UInt32(IN_OPEN | IN_ACCESS)) >= 0
  }

  deinit { close(descriptor) }

  /// The number of times that the file was opened since the last call.
  func take() -> Int {
    var openings = 0
    var events = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(descriptor, &events, events.count)
      guard count > 0 else { return openings }
      openings += Self.openings(in: events[..<count])
    }
  }

  private static func openings(in events: ArraySlice<UInt8>) -> Int {
    events.withUnsafeBytes { events in
      var (openings, offset) = (0, 0)
      while offset + MemoryLayout<inotify_event>.size <= events.count {
        let event = events.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
        if event.mask & UInt32(IN_OPEN) != 0 { openings += 1 }
        offset += MemoryLayout<inotify_event>.size + Int(event.len)
      }
      return openings
    }
  }
}
