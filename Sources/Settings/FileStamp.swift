import Glibc

/// The state of a file, as far as a change of its content or of its permissions shows in it.
package struct FileStamp: Sendable, Equatable {
  private let device: dev_t
  private let number: ino_t
  private let size: Int
  /// The times of the last change of the content, and of the file's attributes.
  private let modified: Time
  private let changed: Time

  private struct Time: Sendable, Equatable {
    let seconds: Int
    let nanoseconds: Int

    init(_ time: timespec) { (seconds, nanoseconds) = (time.tv_sec, time.tv_nsec) }
  }

  /// - Returns: `nil` for a file that is not there, or can't be looked at.
  package init?(of path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    (device, number, size) = (status.st_dev, status.st_ino, Int(status.st_size))
    (modified, changed) = (Time(status.st_mtim), Time(status.st_ctim))
  }
}
