import Glibc
import Synchronization

@testable import DumpDirectory

/// The kernel's operations, of which the N-th fails, and those behind it too when the process is as good as dead.
final class FailingOperations: FileOperations {
  private let live = LiveFileOperations()
  private let failing: Int
  private let number: Int32
  private let dies: Bool
  private let done = Mutex<[String]>([])

  /// - Parameters:
  ///   - failing: from 1; 0 lets all succeed.
  ///   - number: the errno.
  ///   - dies: nothing succeeds any more from then on, not even cleaning up.
  init(failing: Int, errno number: Int32 = ENOSPC, dies: Bool = false) {
    self.failing = failing
    self.number = number
    self.dies = dies
  }

  var count: Int { log.count }

  /// What was asked for, as `fsync /data/x`.
  var log: [String] { done.withLock { $0 } }

  private func point(_ what: String, _ path: String) throws(DumpDirectoryError) {
    let present = done.withLock { log in
      log.append("\(what) \(path)")
      return log.count
    }
    if present == failing || dies && present > failing { throw DumpDirectoryError("injected", path, errno: number) }
  }

  func makeDirectory(_ path: String) throws(DumpDirectoryError) {
    try point("mkdir", path)
    try live.makeDirectory(path)
  }

  func create(_ path: String) throws(DumpDirectoryError) -> Int32? {
    try point("create", path)
    return try live.create(path)
  }

  func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, _ path: String) throws(DumpDirectoryError) {
    try point("write", path)
    try live.write(descriptor, bytes, path)
  }

  func synchronize(_ descriptor: Int32, _ path: String) throws(DumpDirectoryError) {
    try point("fsync", path)
    try live.synchronize(descriptor, path)
  }

  func rename(_ path: String, to target: String) throws(DumpDirectoryError) -> Bool {
    try point("rename", path)
    return try live.rename(path, to: target)
  }

  func replace(_ path: String, to target: String) throws(DumpDirectoryError) {
    try point("replace", path)
    try live.replace(path, to: target)
  }

  func touch(_ path: String) throws(DumpDirectoryError) {
    try point("touch", path)
    try live.touch(path)
  }

  func synchronizeDirectory(_ path: String) throws(DumpDirectoryError) {
    try point("fsync-directory", path)
    try live.synchronizeDirectory(path)
  }

  func unlink(_ path: String) throws(DumpDirectoryError) {
    // A failure of cleaning up alone costs no dump, and has tests of its own.
    if dies && count >= failing { throw DumpDirectoryError("injected", path, errno: number) }
    try live.unlink(path)
  }
}
