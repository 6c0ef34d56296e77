import DumpFormat
import Glibc
import JSON

/// The result of preparing a dump directory.
package struct Preparation: Sendable {
  /// The names of the files that dead processes left behind and that were removed.
  package var removed: [String] = []
  /// Set when nothing can be written because the volume is full. The dumps can still be read if the directory exists.
  package var shortage: DumpDirectoryError?
  /// Set when the directory could not be read, so that files of dead processes were not removed.
  package var unswept: DumpDirectoryError?
}

extension DumpDirectory {
  /// Creates the directory, tests whether it can be written, and removes files that dead processes left behind.
  ///
  /// - Returns: the names of the files that were removed.
  /// - Throws: `DumpDirectoryError` for any failure, also for a full volume.
  @discardableResult
  package func prepare() throws(DumpDirectoryError) -> [String] {
    let preparation = try makeReady()
    if let error = preparation.shortage ?? preparation.unswept { throw error }
    return preparation.removed
  }

  /// Prepares the directory as far as the volume allows. A volume that is full, or that can't be read at the moment, is
  /// not a failure here.
  ///
  /// - Throws: `DumpDirectoryError` when the directory can't be created or written for any other reason.
  package func makeReady() throws(DumpDirectoryError) -> Preparation {
    var preparation = Preparation()
    do {
      try files.makeDirectories(location.directory)
    } catch {
      guard error.code == .noSpace else { throw error }
      preparation.shortage = error
      return preparation
    }
    var trial = try tryToWrite()
    do {
      preparation.removed = try removeLeftovers(in: location, now: trial.now)
    } catch {
      preparation.unswept = error
    }
    // The removed files may be all that filled the volume, so try again.
    if trial.shortage != nil, !preparation.removed.isEmpty { trial = try tryToWrite() }
    preparation.shortage = trial.shortage
    return preparation
  }

  /// Writes a file and removes it.
  ///
  /// - Returns: the time in nanoseconds by the volume's clock, or 0 when no file could be created; and the error of a
  ///   full volume.
  private func tryToWrite() throws(DumpDirectoryError) -> (now: Int, shortage: DumpDirectoryError?) {
    var now = 0
    do throws(DumpDirectoryError) {
      // The file is named as an unfinished dump, so that it is removed later if the process crashes here.
      var probe = try TemporaryFile(
        for: DumpName(stem: location.stem, seconds: 0).file, in: location.directory, files: files)
      now = modifiedAt(probe.descriptor)
      try probe.write([UInt8](repeating: 0, count: 16))
      try probe.synchronize()
      now = modifiedAt(probe.descriptor)
      try probe.remove()
    } catch {
      guard error.code == .noSpace else { throw error }
      return (now, error)
    }
    return (now, nil)
  }

  @discardableResult
  func removeLeftovers(in location: DumpLocation, now: Int) throws(DumpDirectoryError) -> [String] {
    let device = TemporaryFile.device(of: location.directory)
    return try Self.names(in: location.directory).filter {
      TemporaryFile.isName($0, of: location)
        && TemporaryFile.removeAbandoned("\(location.directory)/\($0)", device: device, now: now, files: files)
    }
  }

  /// The time of a file's last change in nanoseconds by the volume's clock. It is 0 when the time is unknown, so that
  /// no file counts as old.
  func modifiedAt(_ descriptor: Int32) -> Int {
    var status = stat()
    return fstat(descriptor, &status) == 0 ? FileIdentity(status).modifiedAt : 0
  }
}

extension FileOperations {
  /// Creates a directory and its missing parents.
  func makeDirectories(_ directory: String) throws(DumpDirectoryError) {
    var path = ""
    for segment in directory.parts(betweenBytes: UInt8(ascii: "/")) {
      let parent = path.isEmpty ? "/" : path
      path += "/" + segment
      if try isDirectory(path) { continue }
      try makeDirectory(path)
      // A dangling link has the name, but is not a directory.
      guard try isDirectory(path) else { throw DumpDirectoryError("mkdir", path, errno: ENOTDIR) }
      // A dump in the new directory is only as safe as the directory's own entry.
      try synchronizeDirectory(parent)
    }
  }

  /// Whether the path is a directory. If it can't be examined, the result is false and `makeDirectory` reports the
  /// reason.
  ///
  /// - Throws: `DumpDirectoryError` `notADirectory` when the path is something else.
  private func isDirectory(_ path: String) throws(DumpDirectoryError) -> Bool {
    var status = stat()
    guard stat(path, &status) == 0 else { return false }
    guard status.st_mode & S_IFMT == S_IFDIR else { throw DumpDirectoryError("stat", path, errno: ENOTDIR) }
    return true
  }
}
