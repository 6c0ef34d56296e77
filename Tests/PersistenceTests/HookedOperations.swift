@testable import DumpDirectory

/// The kernel's operations, with a function that is called before each.
struct HookedOperations: FileOperations {
  private let live = LiveFileOperations()
  private let before: @Sendable (String) -> Void

  /// Creates the operations.
  ///
  /// - Parameter before: receives the name of the operation, such as `fsync`.
  init(_ before: @escaping @Sendable (String) -> Void) {
    self.before = before
  }

  func makeDirectory(_ path: String) throws(DumpDirectoryError) {
    before("mkdir")
    try live.makeDirectory(path)
  }

  func create(_ path: String) throws(DumpDirectoryError) -> Int32? {
    before("create")
    return try live.create(path)
  }

  func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, _ path: String) throws(DumpDirectoryError) {
    before("write")
    try live.write(descriptor, bytes, path)
  }

  func synchronize(_ descriptor: Int32, _ path: String) throws(DumpDirectoryError) {
    before("fsync")
    try live.synchronize(descriptor, path)
  }

  func rename(_ path: String, to target: String) throws(DumpDirectoryError) -> Bool {
    before("rename")
    return try live.rename(path, to: target)
  }

  func replace(_ path: String, to target: String) throws(DumpDirectoryError) {
    before("replace")
    try live.replace(path, to: target)
  }

  func touch(_ path: String) throws(DumpDirectoryError) {
    before("touch")
    try live.touch(path)
  }

  func synchronizeDirectory(_ path: String) throws(DumpDirectoryError) {
    before("fsync-directory")
    try live.synchronizeDirectory(path)
  }

  func unlink(_ path: String) throws(DumpDirectoryError) {
    before("unlink")
    try live.unlink(path)
  }
}
