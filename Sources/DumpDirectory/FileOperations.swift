import Glibc

/// Everything that changes the volume, in one place: each call is a point at which tests can make it fail.
package protocol FileOperations: Sendable {
  /// Creates a directory (mode 0700); one that is there already is fine.
  func makeDirectory(_ path: String) throws(DumpDirectoryError)
  /// Creates a file that must not be there (mode 0600), for writing.
  ///
  /// - Returns: its descriptor; `nil` when the name is taken.
  func create(_ path: String) throws(DumpDirectoryError) -> Int32?
  /// Writes all of it.
  func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, _ path: String) throws(DumpDirectoryError)
  /// Makes the file's contents safe.
  func synchronize(_ descriptor: Int32, _ path: String) throws(DumpDirectoryError)
  /// Gives a file its name unless the name is taken.
  ///
  /// - Returns: whether it was free.
  func rename(_ path: String, to target: String) throws(DumpDirectoryError) -> Bool
  /// Gives a file its name, in the place of what had it.
  func replace(_ path: String, to target: String) throws(DumpDirectoryError)
  /// Sets a file's time of change to now, by the volume's clock where it has one.
  func touch(_ path: String) throws(DumpDirectoryError)
  /// Makes the directory's entries safe.
  func synchronizeDirectory(_ path: String) throws(DumpDirectoryError)
  func unlink(_ path: String) throws(DumpDirectoryError)
}

extension FileOperations {
  func write(_ descriptor: Int32, _ bytes: [UInt8], _ path: String) throws(DumpDirectoryError) {
    try bytes.withUnsafeBytes { bytes in
      Result { () throws(DumpDirectoryError) in try write(descriptor, bytes, path) }
    }.get()
  }
}

/// The kernel's own.
package struct LiveFileOperations: FileOperations {
  package init() {}

  package func makeDirectory(_ path: String) throws(DumpDirectoryError) {
    guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw DumpDirectoryError("mkdir", path, errno: errno) }
  }

  package func create(_ path: String) throws(DumpDirectoryError) -> Int32? {
    let descriptor = retrying { open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600) }
    if descriptor < 0 && errno == EEXIST { return nil }
    guard descriptor >= 0 else { throw DumpDirectoryError("open", path, errno: errno) }
    return descriptor
  }

  package func write(
    _ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, _ path: String
  ) throws(DumpDirectoryError) {
    var rest = bytes
    while !rest.isEmpty {
      let count = retrying { Glibc.write(descriptor, rest.baseAddress, rest.count) }
      guard count > 0 else { throw DumpDirectoryError("write", path, errno: count == 0 ? EIO : errno) }
      rest = UnsafeRawBufferPointer(rebasing: rest[count...])
    }
  }

  package func synchronize(_ descriptor: Int32, _ path: String) throws(DumpDirectoryError) {
    guard retrying({ fsync(descriptor) }) == 0 else { throw DumpDirectoryError("fsync", path, errno: errno) }
  }

  package func rename(_ path: String, to target: String) throws(DumpDirectoryError) -> Bool {
    // A link refuses a name that is taken, on NFS too; a rename would overwrite it.
    if link(path, target) == 0 {
      // The dump has its name: that the other one stays is no failure, and the next start removes it.
      try? unlink(path)
      return true
    }
    switch errno {
    case EEXIST: return false
    case EPERM, EOPNOTSUPP, ENOSYS, EMLINK: break
    default: throw DumpDirectoryError("link", path, errno: errno)
    }
    // File systems without links: there is one writer, so nobody takes the name between these two calls.
    var status = stat()
    if lstat(target, &status) == 0 { return false }
    guard Glibc.rename(path, target) == 0 else { throw DumpDirectoryError("rename", path, errno: errno) }
    return true
  }

  package func replace(_ path: String, to target: String) throws(DumpDirectoryError) {
    guard Glibc.rename(path, target) == 0 else { throw DumpDirectoryError("rename", path, errno: errno) }
  }

  package func touch(_ path: String) throws(DumpDirectoryError) {
    guard utimensat(AT_FDCWD, path, nil, AT_SYMLINK_NOFOLLOW) == 0 else {
      throw DumpDirectoryError("utimensat", path, errno: errno)
    }
  }

  package func synchronizeDirectory(_ path: String) throws(DumpDirectoryError) {
    let descriptor = retrying { open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    guard descriptor >= 0 else { throw DumpDirectoryError("open", path, errno: errno) }
    defer { close(descriptor) }
    // EINVAL: file systems on which a directory needs no fsync.
    guard retrying({ fsync(descriptor) }) == 0 || errno == EINVAL else {
      throw DumpDirectoryError("fsync", path, errno: errno)
    }
  }

  package func unlink(_ path: String) throws(DumpDirectoryError) {
    guard Glibc.unlink(path) == 0 || errno == ENOENT else { throw DumpDirectoryError("unlink", path, errno: errno) }
  }
}

/// Calls again what a signal interrupted.
func retrying<Result: SignedInteger>(_ call: () -> Result) -> Result {
  while true {
    let result = call()
    if result >= 0 || errno != EINTR { return result }
  }
}
