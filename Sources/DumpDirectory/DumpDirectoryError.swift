import Glibc

/// A failure of the dump directory, or of a path that was requested in it.
package struct DumpDirectoryError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The kind of failure. The raw values are stable.
  package enum Code: String, Sendable {
    /// The path is outside the dump directory, or is not a valid path or not a regular file.
    case outside
    case notFound
    /// A part of the directory's path exists, but is not a directory.
    case notADirectory
    case notWritable
    /// The file system is mounted read-only.
    case readOnly
    case notReadable
    case noSpace
    /// The name is already taken.
    case taken
    case inputOutput
    /// The system has no file descriptor or no memory left. This says nothing about the volume.
    case exhausted
    /// Another process holds the lease of this directory.
    case leaseLost
  }

  /// The kind of failure.
  package let code: Code
  /// The path that the failure concerns.
  package let path: String
  private let detail: String

  /// Creates an error whose sentence the caller gives.
  package init(_ code: Code, _ path: String, _ detail: String) {
    self.code = code
    self.path = path
    self.detail = detail
  }

  /// Translates `errno` after a failed system call that reads.
  init(reading operation: String, _ path: String, errno number: Int32) {
    self.init(operation, path, errno: number)
    if code == .notWritable { self = DumpDirectoryError(.notReadable, path, detail) }
  }

  /// Translates `errno` after a failed system call that writes.
  package init(_ operation: String, _ path: String, errno number: Int32) {
    let code: Code =
      switch number {
      case ENOSPC, EDQUOT, EFBIG: .noSpace
      case EACCES, EPERM: .notWritable
      case EROFS: .readOnly
      case ENOTDIR, ELOOP: .notADirectory
      case EMFILE, ENFILE, ENOMEM: .exhausted
      case ENOENT: .notFound
      case EEXIST: .taken
      default: .inputOutput
      }
    self.init(code, path, "\(operation): \(String(cString: strerror(number)))")
  }

  package var description: String {
    switch code {
    case .outside: "'\(path)' \(detail)"
    case .notFound: "there is no '\(path)' (\(detail))"
    case .notWritable:
      "'\(path)' can't be written (\(detail)); give the gateway's user write access to it, or set MEM_DUMP_PATH to a directory that it may write"
    case .notADirectory:
      "'\(path)' can't be reached (\(detail)): a name on the way to it is no directory, or is a link that leads nowhere; move that aside, or set MEM_DUMP_PATH to another directory"
    case .readOnly:
      "'\(path)' can't be written (\(detail)); mount its volume for writing, or set MEM_DUMP_PATH to a directory on another one"
    case .notReadable:
      "'\(path)' can't be read (\(detail)); give the gateway's user read access to it"
    case .noSpace: "the volume of '\(path)' is full (\(detail)); free space on it or enlarge it"
    case .taken: "'\(path)' is there already (\(detail))"
    case .leaseLost: "nothing was written to '\(path)': \(detail)"
    case .exhausted:
      "'\(path)' can't be opened (\(detail)): the system has no descriptor or no memory left; raise its limits (nofile, memory)"
    case .inputOutput: "'\(path)' can't be used (\(detail))"
    }
  }
}
