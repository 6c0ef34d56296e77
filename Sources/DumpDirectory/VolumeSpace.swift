import Glibc

extension DumpDirectory {
  /// The bytes that this process may still write to the volume.
  package func freeBytes() throws(DumpDirectoryError) -> Int {
    var volume = statvfs()
    guard statvfs(location.directory, &volume) == 0 else {
      throw DumpDirectoryError("statvfs", location.directory, errno: errno)
    }
    let (bytes, isBeyondAll) = Int(clamping: volume.f_bavail).multipliedReportingOverflow(by: Int(volume.f_frsize))
    return isBeyondAll ? .max : bytes
  }
}
