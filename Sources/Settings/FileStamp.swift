import Glibc

/// The state of a file, as far as a change of its content shows in it.
package struct FileStamp: Sendable, Equatable {
  private let device: dev_t
  private let number: ino_t
  private let size: Int
  private let seconds: Int
  private let nanoseconds: Int

  /// - Returns: `nil` for a file that is not there, or can't be looked at.
  package init?(of path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    (device, number, size) = (status.st_dev, status.st_ino, Int(status.st_size))
    (seconds, nanoseconds) = (status.st_mtim.tv_sec, status.st_mtim.tv_nsec)
  }
}
