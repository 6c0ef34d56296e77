import DumpFormat
import Glibc
import JSON

/// What was met while a directory of dumps was made ready.
package struct Preparation: Sendable {
  /// Files of unfinished dumps of dead processes, which are gone now.
  package var removed: [String] = []
  /// Why nothing can be written: the volume is full. What is on it can be read all the same, if the directory is there.
  package var shortage: DumpDirectoryError?
  /// Why nobody looked for what dead processes left behind: the directory could not be read.
  package var unswept: DumpDirectoryError?
}

extension DumpDirectory {
  /// Makes the directory, tries whether it can be written, and removes what dead processes left behind.
  ///
  /// - Returns: the names of the files that were removed.
  @discardableResult
  package func prepare() throws(DumpDirectoryError) -> [String] {
    let preparation = try makeReady()
    if let error = preparation.shortage ?? preparation.unswept { throw error }
    return preparation.removed
  }

  /// The same as far as the volume lets it: one that is full, or that can't be read at the moment, is no failure here.
  ///
  /// - Throws: when the directory can't be made or written for any other reason.
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
    // What a dead process left may be all that has filled the volume.
    if trial.shortage != nil, !preparation.removed.isEmpty { trial = try tryToWrite() }
    preparation.shortage = trial.shortage
    return preparation
  }

  /// Writes a file and removes it.
  ///
  /// - Returns: nanoseconds by the volume's clock, 0 where nothing could be created; and why the volume took nothing, if it is full.
  private func tryToWrite() throws(DumpDirectoryError) -> (now: Int, shortage: DumpDirectoryError?) {
    var now = 0
    do throws(DumpDirectoryError) {
      // Named as an unfinished dump, so that what a crash leaves here is cleaned up too.
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
  func removeLeftovers(in place: DumpLocation, now: Int) throws(DumpDirectoryError) -> [String] {
    let device = TemporaryFile.device(of: place.directory)
    return try Self.names(in: place.directory).filter {
      TemporaryFile.isName($0, of: place)
        && TemporaryFile.removeAbandoned("\(place.directory)/\($0)", device: device, now: now, files: files)
    }
  }

  /// Nanoseconds, by the volume's clock; 0, by which no file is old, when that can't be told.
  func modifiedAt(_ descriptor: Int32) -> Int {
    var status = stat()
    return fstat(descriptor, &status) == 0 ? FileIdentity(status).modifiedAt : 0
  }
}

extension FileOperations {
  /// Makes a directory and those above it that are missing.
  func makeDirectories(_ directory: String) throws(DumpDirectoryError) {
    var path = ""
    for segment in directory.parts(betweenBytes: UInt8(ascii: "/")) {
      let parent = path.isEmpty ? "/" : path
      path += "/" + segment
      if try isDirectory(path) { continue }
      try makeDirectory(path)
      // A link that leads nowhere has the name, and is no directory.
      guard try isDirectory(path) else { throw DumpDirectoryError("mkdir", path, errno: ENOTDIR) }
      // A dump in it is as safe as the entry that leads to it.
      try synchronizeDirectory(parent)
    }
  }

  /// - Throws: when something else has the name. What can't be looked at, `makeDirectory` says why.
  private func isDirectory(_ path: String) throws(DumpDirectoryError) -> Bool {
    var status = stat()
    guard stat(path, &status) == 0 else { return false }
    guard status.st_mode & S_IFMT == S_IFDIR else { throw DumpDirectoryError("stat", path, errno: ENOTDIR) }
    return true
  }
}
