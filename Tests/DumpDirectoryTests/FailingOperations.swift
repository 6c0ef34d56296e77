import Glibc
import Synchronization

@testable import DumpDirectory

/// The kernel's operations, of which the N-th fails.
final class FailingOperations: FileOperations {
  private let live = LiveFileOperations()
  private let failing: Int
  private let number: Int32
  private let done = Mutex(0)

  /// - Parameters:
  ///   - failing: from 1; 0 lets all succeed.
  ///   - number: the errno.
  init(failing: Int, errno number: Int32 = ENOSPC) {
    self.failing = failing
    self.number = number
  }

  var count: Int { done.withLock { $0 } }

  private func point(_ path: String) throws(DumpDirectoryError) {
    let present = done.withLock { count in
      count += 1
      return count
    }
    if present == failing { throw DumpDirectoryError("injected", path, errno: number) }
  }

  func makeDirectory(_ path: String) throws(DumpDirectoryError) {
    try point(path)
    try live.makeDirectory(path)
  }

  func create(_ path: String) throws(DumpDirectoryError) -> Int32 {
    try point(path)
    return try live.create(path)
  }

  func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, _ path: String) throws(DumpDirectoryError) {
    try point(path)
    try live.write(descriptor, bytes, path)
  }

  func synchronize(_ descriptor: Int32, _ path: String) throws(DumpDirectoryError) {
    try point(path)
    try live.synchronize(descriptor, path)
  }

  func rename(_ path: String, to target: String) throws(DumpDirectoryError) -> Bool {
    try point(path)
    return try live.rename(path, to: target)
  }

  func synchronizeDirectory(_ path: String) throws(DumpDirectoryError) {
    try point(path)
    try live.synchronizeDirectory(path)
  }

  func unlink(_ path: String) throws(DumpDirectoryError) {
    // Cleaning up is not a point: a process that is gone cleans up nothing, and the next start does.
    try live.unlink(path)
  }
}
