import Glibc

/// All operations that change the volume, and the list of a directory. Tests replace them to make single operations
/// fail.
package protocol FileOperations: Sendable {
  /// Creates a directory (mode 0700). An existing one is not an error.
  func makeDirectory(_ path: String) throws(DumpDirectoryError)
  /// Creates a new file (mode 0600) for writing.
  ///
  /// - Returns: its descriptor, or `nil` when the name is taken.
  func create(_ path: String) throws(DumpDirectoryError) -> Int32?
  /// Writes all of the bytes.
  func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, _ path: String) throws(DumpDirectoryError)
  /// Writes all of the bytes at an offset.
  func write(
    _ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, at offset: Int, _ path: String
  ) throws(DumpDirectoryError)
  /// Waits until the file's contents, and as much of its metadata as reading them takes, are safe on the volume.
  func synchronizeData(_ descriptor: Int32, _ path: String) throws(DumpDirectoryError)
  /// Waits until the file's contents are safe on the volume.
  func synchronize(_ descriptor: Int32, _ path: String) throws(DumpDirectoryError)
  /// Waits until the contents of a file that another process wrote are safe on the volume.
  func synchronizeExisting(_ path: String) throws(DumpDirectoryError)
  /// Renames a file unless the new name is taken.
  ///
  /// - Returns: whether the name was free.
  func rename(_ path: String, to target: String) throws(DumpDirectoryError) -> Bool
  /// Renames a file, and replaces the file that has the new name.
  func replace(_ path: String, to target: String) throws(DumpDirectoryError)
  /// Sets a file's modification time to now, by the volume's clock where it has one.
  func touch(_ path: String) throws(DumpDirectoryError)
  /// Waits until the directory's entries are safe on the volume.
  func synchronizeDirectory(_ path: String) throws(DumpDirectoryError)
  func unlink(_ path: String) throws(DumpDirectoryError)
  /// The names in a directory. On a network volume the newest ones may be missing for a minute.
  func names(in directory: String) throws(DumpDirectoryError) -> [String]
}

extension FileOperations {
  /// Calls `readdir`.
  package func names(in directory: String) throws(DumpDirectoryError) -> [String] {
    try DumpDirectory.names(in: directory)
  }

  func write(_ descriptor: Int32, _ bytes: [UInt8], _ path: String) throws(DumpDirectoryError) {
    try bytes.withUnsafeBytes { bytes in
      Result { () throws(DumpDirectoryError) in try write(descriptor, bytes, path) }
    }.get()
  }
}

/// The operations of the kernel.
package struct LiveFileOperations: FileOperations {
  /// Creates the operations; they have no state.
  package init() {}

  /// Calls `mkdir` with mode 0700.
  package func makeDirectory(_ path: String) throws(DumpDirectoryError) {
    guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw DumpDirectoryError("mkdir", path, errno: errno) }
  }

  /// Calls `open` with `O_CREAT` and `O_EXCL`.
  package func create(_ path: String) throws(DumpDirectoryError) -> Int32? {
    let descriptor = retrying { open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600) }
    if descriptor < 0 && errno == EEXIST { return nil }
    guard descriptor >= 0 else { throw DumpDirectoryError("open", path, errno: errno) }
    return descriptor
  }

  /// Calls `write` until all bytes are written.
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

  /// Calls `pwrite` until all bytes are written.
  package func write(
    _ descriptor: Int32, _ bytes: UnsafeRawBufferPointer, at offset: Int, _ path: String
  ) throws(DumpDirectoryError) {
    var done = 0
    while done < bytes.count {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
      let count = retrying { pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset + done)) }
      guard count > 0 else { throw DumpDirectoryError("write", path, errno: count == 0 ? EIO : errno) }
      done += count
    }
  }

  /// Calls `fdatasync` on the file.
  package func synchronizeData(_ descriptor: Int32, _ path: String) throws(DumpDirectoryError) {
    guard retrying({ fdatasync(descriptor) }) == 0 else { throw DumpDirectoryError("fdatasync", path, errno: errno) }
  }

  /// Calls `fsync` on the file.
  package func synchronize(_ descriptor: Int32, _ path: String) throws(DumpDirectoryError) {
    guard retrying({ fsync(descriptor) }) == 0 else { throw DumpDirectoryError("fsync", path, errno: errno) }
  }

  /// Calls `fsync` on a file that is opened for it.
  package func synchronizeExisting(_ path: String) throws(DumpDirectoryError) {
    let descriptor = retrying { open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC) }
    guard descriptor >= 0 else { throw DumpDirectoryError("open", path, errno: errno) }
    defer { close(descriptor) }
    try synchronize(descriptor, path)
  }

  /// Links the file under its new name and unlinks the old one.
  package func rename(_ path: String, to target: String) throws(DumpDirectoryError) -> Bool {
    // `link` fails when the name is taken, on NFS too. `rename` would replace the file.
    if link(path, target) == 0 {
      // The dump has its final name now. If the temporary name stays, the next start removes it.
      try? unlink(path)
      return true
    }
    switch errno {
    case EEXIST: return false
    case EPERM, EOPNOTSUPP, ENOSYS, EMLINK: break
    default: throw DumpDirectoryError("link", path, errno: errno)
    }
    // The file system has no links. The lease admits one writer, so no other process takes the name between these two
    // system calls.
    var status = stat()
    if lstat(target, &status) == 0 { return false }
    guard Glibc.rename(path, target) == 0 else { throw DumpDirectoryError("rename", path, errno: errno) }
    return true
  }

  /// Calls `rename`.
  package func replace(_ path: String, to target: String) throws(DumpDirectoryError) {
    guard Glibc.rename(path, target) == 0 else { throw DumpDirectoryError("rename", path, errno: errno) }
  }

  /// Calls `utimensat` with the current time.
  package func touch(_ path: String) throws(DumpDirectoryError) {
    guard utimensat(AT_FDCWD, path, nil, AT_SYMLINK_NOFOLLOW) == 0 else {
      throw DumpDirectoryError("utimensat", path, errno: errno)
    }
  }

  /// Calls `fsync` on the directory.
  package func synchronizeDirectory(_ path: String) throws(DumpDirectoryError) {
    let descriptor = retrying { open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    guard descriptor >= 0 else { throw DumpDirectoryError("open", path, errno: errno) }
    defer { close(descriptor) }
    // EINVAL comes from file systems on which a directory needs no fsync.
    guard retrying({ fsync(descriptor) }) == 0 || errno == EINVAL else {
      throw DumpDirectoryError("fsync", path, errno: errno)
    }
  }

  /// Calls `unlink`.
  package func unlink(_ path: String) throws(DumpDirectoryError) {
    guard Glibc.unlink(path) == 0 || errno == ENOENT else { throw DumpDirectoryError("unlink", path, errno: errno) }
  }
}

/// Repeats a system call that a signal interrupted.
func retrying<Result: SignedInteger>(_ call: () -> Result) -> Result {
  while true {
    let result = call()
    if result >= 0 || errno != EINTR { return result }
  }
}
