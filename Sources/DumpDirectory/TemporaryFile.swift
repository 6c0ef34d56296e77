import Glibc
import JSON

/// An unfinished file. It is removed with this value, unless it got its final name.
///
/// Its name marks it as unfinished, and its process keeps it locked. Both together distinguish it from the file of a
/// dead process, on whatever machine or in whatever container that process ran.
struct TemporaryFile: ~Copyable {
  let path: String
  let descriptor: Int32
  private let files: any FileOperations
  /// Whether the file still has its temporary name. Afterwards another file can have that name.
  private var isPending = true

  /// Creates the file.
  ///
  /// - Parameter name: the final name, from which the temporary one is derived.
  init(for name: String, in directory: String, files: any FileOperations) throws(DumpDirectoryError) {
    self.files = files
    // Process IDs are unique only within a container. Two containers that share the volume can use the same one.
    for number in 0..<1000 {
      let path = "\(directory)/.\(name).\(Self.device(of: directory))-\(getpid())-\(number).tmp"
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
    if isPending { try? files.unlink(path) }
    close(descriptor)
  }

  func write(_ bytes: [UInt8]) throws(DumpDirectoryError) { try files.write(descriptor, bytes, path) }

  /// Waits until the contents are safe on the volume.
  func synchronize() throws(DumpDirectoryError) { try files.synchronize(descriptor, path) }

  /// Gives the file its final name unless the name is taken.
  ///
  /// - Returns: whether the name was free.
  mutating func rename(to target: String) throws(DumpDirectoryError) -> Bool {
    guard try files.rename(path, to: target) else { return false }
    isPending = false
    return true
  }

  /// Gives the file its final name, in place of the file that had it.
  mutating func replace(_ target: String) throws(DumpDirectoryError) {
    try files.replace(path, to: target)
    isPending = false
  }

  /// Gives the file the owner, the mode and the time of change of another one.
  ///
  /// - Throws: `DumpDirectoryError` when this process may not give it to the owner.
  func imitate(_ status: stat) throws(DumpDirectoryError) {
    var own = stat()
    guard fstat(descriptor, &own) == 0 else { throw DumpDirectoryError(reading: "fstat", path, errno: errno) }
    if own.st_uid != status.st_uid || own.st_gid != status.st_gid {
      guard fchown(descriptor, status.st_uid, status.st_gid) == 0 else {
        throw DumpDirectoryError("fchown", path, errno: errno)
      }
    }
    guard fchmod(descriptor, status.st_mode & 0o777) == 0 else {
      throw DumpDirectoryError("fchmod", path, errno: errno)
    }
    let times = [status.st_mtim, status.st_mtim]
    guard futimens(descriptor, times) == 0 else { throw DumpDirectoryError("futimens", path, errno: errno) }
  }

  mutating func remove() throws(DumpDirectoryError) {
    isPending = false
    try files.unlink(path)
  }

  /// Locks a new file. A process that cleans up at this moment can hold the lock or can have removed the file.
  private static func isOurs(_ descriptor: Int32) -> Bool {
    // Any other failure means that the volume has no locks. `removeAbandoned` does not remove files there.
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK else { return false }
    var status = stat()
    return fstat(descriptor, &status) == 0 && status.st_nlink > 0
  }

  /// Whether the name is that of an unfinished dump, journal or file of counters of a location, or of an unfinished
  /// small file, which all locations of a directory share.
  static func isName(_ name: String, of location: DumpLocation) -> Bool {
    guard name.beginsWithBytes("."), name.endsWithBytes(ending) else { return false }
    let body = Array(name.utf8).dropFirst().dropLast(ending.utf8.count)
    guard let dot = body.lastIndex(of: UInt8(ascii: ".")) else { return false }
    let target = String(decoding: body[..<dot], as: UTF8.self)
    return location.owns(target) || location.ownsJournal(target) || target.hasSameBytes(as: location.counterFile)
      || SmallFile.isName(target)
  }

  private static let ending = ".tmp"

  /// The device number of the file system that a directory is on, or 0 when it is unknown.
  static func device(of directory: String) -> UInt64 {
    var status = stat()
    return stat(directory, &status) == 0 ? UInt64(status.st_dev) : 0
  }

  /// The age in nanoseconds from which a file whose lock can't be seen counts as abandoned. Writing a dump takes far
  /// less time.
  private static let longestLife = 6 * 3600 * 1_000_000_000

  /// Removes the file unless a process holds it, or may hold it.
  ///
  /// The lock of a process that sees the directory through another mount is not visible here. The names of its files
  /// contain another device number, and they are removed only by their age.
  ///
  /// - Parameters:
  ///   - device: the device number of the directory.
  ///   - now: the present time in nanoseconds by the volume's clock.
  /// - Returns: whether the file was removed.
  static func removeAbandoned(_ path: String, device: UInt64, now: Int, files: any FileOperations) -> Bool {
    // The file is opened for writing because NFS gives exclusive locks only on such descriptors.
    let descriptor = retrying { open(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) }
    guard descriptor >= 0 else { return false }
    // The descriptor is closed, and so unlocked, only after the file is removed: its maker may be about to lock it.
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
      flock(descriptor, LOCK_EX | LOCK_NB) == 0,
      isNamed(path, after: device) || now - FileIdentity(status).modifiedAt > longestLife
    else { return false }
    return (try? files.unlink(path)) != nil
  }

  /// Whether a file was created through a device. `.x.bin.2049-17-0.tmp` was created through device 2049. A name
  /// without a device comes from an old version and counts as a match.
  private static func isNamed(_ path: String, after device: UInt64) -> Bool {
    // This is absent only in a path without dots, which `isName` never accepts.
    let maker = path.parts(betweenBytes: UInt8(ascii: ".")).dropLast().last
    let parts = maker?.parts(betweenBytes: UInt8(ascii: "-")) ?? []
    return parts.count < 3 || parts[0] == "\(device)"
  }
}
