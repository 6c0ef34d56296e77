import DumpFormat
import Glibc

/// A dump's file while it is written.
package struct DumpFile: DumpSink {
  /// Bytes that wait at most before the kernel is told to begin with them.
  private static let writeBehind = 8 << 20

  let path: String
  let descriptor: Int32
  private var size = 0
  private var begun = 0
  private let files: any FileOperations

  init(_ file: borrowing TemporaryFile, files: any FileOperations) {
    path = file.path
    descriptor = file.descriptor
    self.files = files
  }

  package mutating func write(_ bytes: UnsafeRawBufferPointer) throws {
    try files.write(descriptor, bytes, path)
    size += bytes.count
    guard size - begun >= Self.writeBehind else { return }
    // Linux begins to write what it is told to forget: the volume works while the next bytes are sealed, so that the
    // last `fsync` is short. Only a hint: nothing depends on whether the file system follows it.
    posix_fadvise(descriptor, off_t(begun), off_t(size - begun), POSIX_FADV_DONTNEED)
    begun = size
  }
}

/// A file that is read as a dump. A class, since it owns a descriptor.
final class DumpFileSource: DumpSource {
  let size: Int
  private let descriptor: Int32

  /// Opens a regular file; a link is refused, since nobody knows where it leads tomorrow.
  init(path: String) throws(DumpDirectoryError) {
    let descriptor = retrying { open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) }
    guard descriptor >= 0 else {
      switch errno {
      case ELOOP: throw DumpDirectoryError(.outside, path, "is a symbolic link; use the file itself")
      // A socket, or a device that is not there.
      case ENXIO, ENODEV: throw DumpDirectoryError(.outside, path, "is no regular file")
      default: throw DumpDirectoryError(reading: "open", path, errno: errno)
      }
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      defer { close(descriptor) }
      // The volume failed, which says nothing of the file.
      throw DumpDirectoryError(reading: "fstat", path, errno: errno)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw DumpDirectoryError(.outside, path, "is no regular file")
    }
    self.descriptor = descriptor
    size = Int(status.st_size)
    posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
  }

  deinit {
    close(descriptor)
  }

  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(DumpFormatError) -> Int {
    var total = 0
    while total < buffer.count {
      let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[total...])
      let count = retrying { pread(descriptor, rest.baseAddress, rest.count, off_t(offset + total)) }
      guard count >= 0 else { throw DumpFormatError(errno: errno) }
      if count == 0 { break }
      total += count
    }
    return total
  }
}
