package import DumpDirectory
import Glibc

/// One call of `FileOperations`.
package struct FileCall: Sendable, Equatable {
  /// The kinds of calls, by what they call of the kernel.
  package enum Kind: String, Sendable, CaseIterable {
    case mkdir, create, write, pwrite, fdatasync, fsync
    /// `fsync` of a file that another process wrote.
    case fsyncExisting = "fsync-existing"
    case rename, replace, touch
    /// `fsync` of a directory.
    case fsyncDirectory = "fsync-directory"
    case unlink
  }

  /// The kind of call.
  package let kind: Kind
  /// The path that it is about.
  package let path: String

  /// Whether it writes bytes.
  package var isWrite: Bool { kind == .write || kind == .pwrite }
}

/// A fault of one call, with its `errno` where the call reports one.
package enum FileFault: Sendable, Equatable {
  /// The call does nothing.
  case refused(Int32)
  /// A write takes half of the bytes; other calls do nothing.
  case short(Int32)
  /// The call takes effect, and reports a failure all the same, as when the answer of a server is lost.
  case late(Int32)
  /// A write takes half of the bytes, and other calls do nothing, and no failure is reported. Only a test of a test has
  /// it: nothing can be kept on such a volume.
  case silent
}

/// The kernel's operations with faults. A test says which call has which fault, and can wait or count in that function.
package protocol FaultyOperations: FileOperations {
  /// The fault of a call, or `nil` for a call that works. It is asked before each call.
  func fault(_ call: FileCall) -> FileFault?
}

extension FaultyOperations {
  private var live: LiveFileOperations { LiveFileOperations() }

  private func perform<Value>(
    _ kind: FileCall.Kind, _ path: String, half: () throws(DumpDirectoryError) -> Void = {},
    _ body: () throws(DumpDirectoryError) -> Value
  ) throws(DumpDirectoryError) -> Value {
    switch fault(FileCall(kind: kind, path: path)) {
    case nil: return try body()
    case .refused(let number): throw DumpDirectoryError("planned \(kind.rawValue)", path, errno: number)
    case .short(let number):
      try half()
      throw DumpDirectoryError("planned \(kind.rawValue)", path, errno: number)
    case .silent:
      // A call with a result can't be left out.
      guard Value.self == Void.self, let nothing = () as? Value else { return try body() }
      try half()
      return nothing
    case .late(let number):
      _ = try body()
      throw DumpDirectoryError("planned \(kind.rawValue)", path, errno: number)
    }
  }

  /// Calls `mkdir`.
  package func makeDirectory(_ path: String) throws(DumpDirectoryError) {
    try perform(.mkdir, path) { () throws(DumpDirectoryError) in try live.makeDirectory(path) }
  }

  /// Creates a file. A late fault leaves it, and closes the descriptor.
  package func create(_ path: String) throws(DumpDirectoryError) -> Int32? {
    var descriptor: Int32?
    do throws(DumpDirectoryError) {
      return try perform(.create, path) { () throws(DumpDirectoryError) in
        descriptor = try live.create(path)
        return descriptor
      }
    } catch {
      if let descriptor { close(descriptor) }
      throw error
    }
  }

  /// Appends bytes.
  package func write(
    _ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, _ path: String
  ) throws(DumpDirectoryError) {
    let half = UnsafeRawBufferPointer(rebasing: bytes.prefix(bytes.count / 2))
    try perform(.write, path) { () throws(DumpDirectoryError) in
      try live.write(descriptor, half, path)
    } _: { () throws(DumpDirectoryError) in
      try live.write(descriptor, bytes, path)
    }
  }

  /// Writes bytes at an offset.
  package func write(
    _ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, at offset: Int, _ path: String
  ) throws(DumpDirectoryError) {
    let half = UnsafeRawBufferPointer(rebasing: bytes.prefix(bytes.count / 2))
    try perform(.pwrite, path) { () throws(DumpDirectoryError) in
      try live.write(descriptor, half, at: offset, path)
    } _: { () throws(DumpDirectoryError) in
      try live.write(descriptor, bytes, at: offset, path)
    }
  }

  /// Waits for the contents.
  package func synchronizeData(_ descriptor: Int32, _ path: String) throws(DumpDirectoryError) {
    try perform(.fdatasync, path) { () throws(DumpDirectoryError) in try live.synchronizeData(descriptor, path) }
  }

  /// Waits for the contents.
  package func synchronize(_ descriptor: Int32, _ path: String) throws(DumpDirectoryError) {
    try perform(.fsync, path) { () throws(DumpDirectoryError) in try live.synchronize(descriptor, path) }
  }

  /// Waits for the contents of a file of another process.
  package func synchronizeExisting(_ path: String) throws(DumpDirectoryError) {
    try perform(.fsyncExisting, path) { () throws(DumpDirectoryError) in try live.synchronizeExisting(path) }
  }

  /// Gives a file a free name.
  package func rename(_ path: String, to target: String) throws(DumpDirectoryError) -> Bool {
    try perform(.rename, path) { () throws(DumpDirectoryError) in try live.rename(path, to: target) }
  }

  /// Gives a file a name.
  package func replace(_ path: String, to target: String) throws(DumpDirectoryError) {
    try perform(.replace, path) { () throws(DumpDirectoryError) in try live.replace(path, to: target) }
  }

  /// Sets the time of a file.
  package func touch(_ path: String) throws(DumpDirectoryError) {
    try perform(.touch, path) { () throws(DumpDirectoryError) in try live.touch(path) }
  }

  /// Waits for the names.
  package func synchronizeDirectory(_ path: String) throws(DumpDirectoryError) {
    try perform(.fsyncDirectory, path) { () throws(DumpDirectoryError) in try live.synchronizeDirectory(path) }
  }

  /// Removes a name.
  package func unlink(_ path: String) throws(DumpDirectoryError) {
    try perform(.unlink, path) { () throws(DumpDirectoryError) in try live.unlink(path) }
  }
}
