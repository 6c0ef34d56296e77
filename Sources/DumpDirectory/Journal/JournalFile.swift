import Glibc

/// A journal's file that is being written. Bytes are kept until the volume has them, so that an attempt that failed is
/// repeated with the same bytes at the same place.
package struct JournalFile: ~Copyable {
  /// The absolute path.
  package let path: String
  private let directory: String
  private let files: any FileOperations
  /// `nil` until the file exists.
  private var descriptor: Int32?
  private var hasFailedToCreate = false
  /// The files of another process from which this journal goes on, until they are safe. They could be read, and need
  /// not be on the volume for that.
  private var foreignBase: ForeignBase?
  /// Bytes that are safe on the volume.
  package private(set) var size = 0
  /// The first bytes, until they are safe.
  private var beginning: [UInt8]
  /// Bytes that are not safe.
  private var rest: [UInt8] = []

  /// The files of another process from which a journal goes on.
  package enum ForeignBase: Sendable, Equatable {
    case journal(path: String)
    /// A dump has its name only when it is safe, but the name may not be.
    case dump
  }

  init(
    path: String, directory: String, beginning: [UInt8], after foreignBase: ForeignBase?, files: any FileOperations
  ) {
    self.foreignBase = foreignBase
    self.path = path
    self.directory = directory
    self.beginning = beginning
    self.files = files
  }

  deinit {
    if let descriptor { close(descriptor) }
  }

  /// Whether everything that was appended is safe on the volume.
  package var isSafe: Bool { beginning.isEmpty && rest.isEmpty }

  /// Adds bytes behind all others. Nothing is written yet.
  package mutating func append(_ bytes: [UInt8]) { rest.append(contentsOf: bytes) }

  /// Writes what was appended, and waits until it is safe on the volume. After a failure it can be called again.
  ///
  /// The first call creates the file, and makes its beginning and its name safe before more is written. After a failed
  /// `fdatasync` the kernel may hold the pages for clean, so every attempt writes all of the bytes again.
  package mutating func synchronize() throws(DumpDirectoryError) {
    if let base = foreignBase {
      if case .journal(let path) = base { try files.synchronizeExisting(path) }
      try files.synchronizeDirectory(directory)
      foreignBase = nil
    }
    let descriptor = try opened()
    if !beginning.isEmpty {
      try write(beginning, descriptor)
      try files.synchronizeDirectory(directory)
      size = beginning.count
      beginning = []
    }
    guard !rest.isEmpty else { return }
    try write(rest, descriptor)
    size += rest.count
    rest.removeAll(keepingCapacity: rest.capacity <= Self.keptCapacity)
  }

  private static let keptCapacity = 1 << 20

  private func write(_ bytes: [UInt8], _ descriptor: Int32) throws(DumpDirectoryError) {
    let (offset, files, path) = (size, files, path)
    try bytes.withUnsafeBytes { bytes in
      Result { () throws(DumpDirectoryError) in try files.write(descriptor, bytes, at: offset, path) }
    }.get()
    try files.synchronizeData(descriptor, path)
  }

  private mutating func opened() throws(DumpDirectoryError) -> Int32 {
    if let descriptor { return descriptor }
    let isRepeated = hasFailedToCreate
    hasFailedToCreate = true
    var new = try files.create(path)
    if new == nil, isRepeated, isEmptyFile {
      // An attempt that failed left it.
      try files.unlink(path)
      new = try files.create(path)
    }
    // The epoch is this process's alone, so a file of that name is a fault of the volume, or somebody's doing.
    guard let new else { throw DumpDirectoryError("open", path, errno: EEXIST) }
    descriptor = new
    return new
  }

  private var isEmptyFile: Bool {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && status.st_size == 0
  }
}
