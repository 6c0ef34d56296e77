import Glibc

/// A file that is not finished. Its name says so, and while its process lives it is locked: both together tell it from
/// what a dead process left behind, whatever machine or container that one ran in.
struct TemporaryFile: ~Copyable {
  let path: String
  let descriptor: Int32

  /// Creates it.
  ///
  /// - Parameter name: of what it is to become.
  init(for name: String, in directory: String, files: any FileOperations) throws(DumpDirectoryError) {
    // Process ids differ in one container only: two that share the volume may well have the same.
    for number in 0..<1000 {
      let path = "\(directory)/.\(name).\(getpid())-\(number).tmp"
      guard let descriptor = try files.create(path) else { continue }
      if Self.isOurs(descriptor) {
        self.path = path
        self.descriptor = descriptor
        return
      }
      close(descriptor)
    }
    throw DumpDirectoryError("open", "\(directory)/.\(name)", errno: EEXIST)
  }

  deinit {
    close(descriptor)
  }

  /// Locks a new file. One that cleans up may have come between: it then holds the lock, or has removed the file.
  private static func isOurs(_ descriptor: Int32) -> Bool {
    // Any other failure: the volume knows no locks. Nobody cleans up there either, see below.
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK else { return false }
    var status = stat()
    return fstat(descriptor, &status) == 0 && status.st_nlink > 0
  }

  /// Whether the name is that of an unfinished dump, or of an unfinished one of the small files beside them.
  static func isName(_ name: String) -> Bool {
    guard name.hasPrefix("."), name.hasSuffix(".tmp") else { return false }
    let body = name.dropFirst().dropLast(".tmp".count)
    guard let dot = body.lastIndex(of: ".") else { return false }
    let target = String(body[..<dot])
    return DumpName(target) != nil || SmallFile.isName(target)
  }

  /// Removes the file unless a process holds it, or may hold it.
  ///
  /// - Returns: whether it was removed.
  static func removeAbandoned(_ path: String, files: any FileOperations) -> Bool {
    // For writing: NFS gives exclusive locks on such descriptors only.
    let descriptor = retrying { open(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) }
    guard descriptor >= 0 else { return false }
    // Closed, and so unlocked, only after the file is gone: its maker may be about to lock it.
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
      flock(descriptor, LOCK_EX | LOCK_NB) == 0
    else { return false }
    return (try? files.unlink(path)) != nil
  }
}
