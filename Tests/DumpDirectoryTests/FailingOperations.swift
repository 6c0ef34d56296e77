import Glibc
import Synchronization

@testable import DumpDirectory

/// The kernel's operations, of which the N-th fails. If the process dies there, all later ones fail too.
final class FailingOperations: FileOperations {
  private let live = LiveFileOperations()
  private let failing: Int
  private let number: Int32
  private let dies: Bool
  private let done = Mutex<[String]>([])

  /// Creates the operations.
  ///
  /// - Parameters:
  ///   - failing: the number of the failing operation, from 1; 0 lets all succeed.
  ///   - number: the errno of the failure.
  ///   - dies: whether all later operations fail too, even those that clean up.
  init(failing: Int, errno number: Int32 = ENOSPC, dies: Bool = false) {
    self.failing = failing
    self.number = number
    self.dies = dies
  }

  var count: Int { log.count }

  /// The operations so far, such as `fsync /data/x`.
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
    // A failure that only affects cleaning up does not fail a dump. Other tests cover it.
    if dies && count >= failing { throw DumpDirectoryError("injected", path, errno: number) }
    try live.unlink(path)
  }
}
