import DumpFormat
import Glibc

/// The file of a dump that is being written.
package struct DumpFile: DumpSink {
  /// The number of bytes after which the kernel is told to begin writing them.
  private static let writeBehind = 8 << 20

  let path: String
  let descriptor: Int32
  private var size = 0
  private var begun = 0
  /// The bytes on which the identity of the dump depends.
  private(set) var ends = DumpIdentity.Ends()
  private let files: any FileOperations

  init(_ file: borrowing TemporaryFile, files: any FileOperations) {
    path = file.path
    descriptor = file.descriptor
    self.files = files
  }

  /// Appends bytes to the file.
  package mutating func write(_ bytes: UnsafeRawBufferPointer) throws {
    try files.write(descriptor, bytes, path)
    ends.add(bytes)
    size += bytes.count
    guard size - begun >= Self.writeBehind else { return }
    // On this hint Linux begins to write the range. The volume then works while the next bytes are encrypted, so the
    // final `fsync` is short. Nothing depends on the hint.
    posix_fadvise(descriptor, off_t(begun), off_t(size - begun), POSIX_FADV_DONTNEED)
    begun = size
  }
}

/// A file that is read as a dump. This is a class because it owns a descriptor.
final class DumpFileSource: DumpSource {
  let size: Int
  private let descriptor: Int32

  /// Opens a regular file. A link is refused, because its target can change later.
  init(path: String) throws(DumpDirectoryError) {
    let descriptor = retrying { open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) }
    guard descriptor >= 0 else {
      switch errno {
      case ELOOP: throw DumpDirectoryError(.outside, path, "is a symbolic link; use the file itself")
      // The path is a socket, or a device that does not exist.
      case ENXIO, ENODEV: throw DumpDirectoryError(.outside, path, "is no regular file")
      default: throw DumpDirectoryError(reading: "open", path, errno: errno)
      }
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      defer { close(descriptor) }
      // The volume failed. This says nothing about the file.
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
