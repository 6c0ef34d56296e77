import Glibc
import JSON

/// A directory and the stem of its dumps' names. Both are compared by bytes: two spellings of one character are two
/// names.
package struct DumpLocation: Sendable, Equatable {
  /// The stem that is used when the setting names only a directory.
  package static let defaultStem = "memory_dump"

  /// The absolute path. Links in its existing part are resolved.
  package let directory: String
  /// The beginning of a dump's name, before `-<time>`.
  package let stem: String

  init(directory: String, stem: String) {
    self.directory = directory
    self.stem = stem
  }

  package static func == (left: DumpLocation, right: DumpLocation) -> Bool {
    left.directory.hasSameBytes(as: right.directory) && left.stem.hasSameBytes(as: right.stem)
  }

  /// Whether a file of the directory is one of this location's dumps, by its name alone: `<stem>-<time>[-NNNN].bin`,
  /// byte for byte. Other files are never read, moved or removed unless a request names them.
  package func owns(_ file: String) -> Bool { DumpName(file)?.stem.hasSameBytes(as: stem) == true }

  /// The name of the file that says what users have used of their limits.
  package var counterFile: String { "\(stem).counters" }

  /// Parses `MEM_DUMP_PATH`: a directory, a name that ends in `/`, or a file whose stem is used.
  ///
  /// - Throws: `DumpDirectoryError` `outside` when the path or the stem is not usable.
  package init(path: String, workingDirectory: String) throws(DumpDirectoryError) {
    try self.init(absolute: path.beginsWithBytes("/") ? path : workingDirectory + "/" + path, asGiven: path)
  }

  /// Resolves a path that an operator requests. It must be inside this location's directory.
  ///
  /// - Parameters:
  ///   - path: a directory, in which dumps get this location's stem, or a file whose stem is used. A relative path is
  ///     resolved from the working directory if that leads into the dump directory, else from the dump directory.
  /// - Throws: `DumpDirectoryError` `outside`.
  package func confined(_ path: String, workingDirectory: String) throws(DumpDirectoryError) -> DumpLocation {
    for candidate in Self.candidates(path, workingDirectory: workingDirectory, directory: directory) {
      let location = try DumpLocation(absolute: candidate, asGiven: path, stemOfDirectory: stem)
      if location.isInside(directory) { return location }
    }
    throw DumpDirectoryError(
      .outside, path, "does not lie in the dump directory, '\(directory)'; use a path inside it")
  }

  /// Resolves the path of a file that is to be read, in the same way.
  ///
  /// - Returns: the absolute path of the file.
  /// - Throws: `DumpDirectoryError` `outside`.
  package func confinedFile(_ path: String, workingDirectory: String) throws(DumpDirectoryError) -> String {
    for candidate in Self.candidates(path, workingDirectory: workingDirectory, directory: directory) {
      try Self.checkSane(candidate, asGiven: path)
      let (parent, name) = Self.split(Self.normalized(candidate))
      let resolved = Self.resolved(parent)
      guard DumpLocation(directory: resolved, stem: name).isInside(directory), !name.isEmpty,
        !path.endsWithBytes("/")
      else {
        continue
      }
      return resolved + "/" + name
    }
    throw DumpDirectoryError(
      .outside, path, "does not lie in the dump directory, '\(directory)'; use a path inside it")
  }

  /// Whether a location that was resolved with `confined` is still inside this one. A directory on its path can have
  /// become a link since.
  func stillHolds(_ target: DumpLocation) -> Bool {
    DumpLocation(directory: Self.resolved(target.directory), stem: target.stem).isInside(Self.resolved(directory))
  }

  private func isInside(_ root: String) -> Bool {
    directory.hasSameBytes(as: root) || directory.beginsWithBytes(root == "/" ? "/" : root + "/")
  }

  private init(
    absolute path: String, asGiven: String, stemOfDirectory: String = defaultStem
  ) throws(DumpDirectoryError) {
    try Self.checkSane(path, asGiven: asGiven)
    let normalized = Self.normalized(path)
    if path.endsWithBytes("/") || Self.isDirectory(normalized) {
      self.init(directory: Self.resolved(normalized), stem: stemOfDirectory)
      return
    }
    let (parent, name) = Self.split(normalized)
    let isWhole = name.endsWithBytes(DumpName.suffix)
    let stem = isWhole ? String(decoding: name.utf8.dropLast(DumpName.suffix.utf8.count), as: UTF8.self) : name
    guard !stem.isEmpty, !stem.beginsWithBytes("."), stem.utf8.count <= Self.longestStem else {
      throw DumpDirectoryError(.outside, asGiven, "is no name for a dump; use something like memory_dump.bin")
    }
    self.init(directory: Self.resolved(parent), stem: stem)
  }

  /// The largest length of a stem in bytes. The name of an unfinished file adds up to 74 bytes, and a file name has at
  /// most 255.
  private static let longestStem = 180

  private static func candidates(_ path: String, workingDirectory: String, directory: String) -> [String] {
    path.beginsWithBytes("/") ? [path] : [workingDirectory + "/" + path, directory + "/" + path]
  }

  private static func checkSane(_ path: String, asGiven: String) throws(DumpDirectoryError) {
    guard !asGiven.isEmpty, path.utf8.count < Int(PATH_MAX) - 64,
      !path.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }),
      path.parts(betweenBytes: slash).allSatisfy({ $0.utf8.count <= Int(NAME_MAX) })
    else { throw DumpDirectoryError(.outside, asGiven, "is no path: it is empty, too long, or has control characters") }
  }

  /// Removes `.`, empty segments and `..` from a path, by its text alone. `link/../x` so becomes `x` beside the link;
  /// the result is checked for being inside.
  private static func normalized(_ path: String) -> String {
    var segments: [String] = []
    // The path is split by bytes, as the kernel does. In Swift, `/` followed by a combining mark is one character and
    // would not count as a slash.
    for segment in path.parts(betweenBytes: slash) where segment != "." {
      if segment == ".." { _ = segments.popLast() } else { segments.append(segment) }
    }
    return "/" + segments.joined(separator: "/")
  }

  private static func split(_ path: String) -> (parent: String, name: String) {
    let bytes = Array(path.utf8)
    let last = bytes.lastIndex(of: slash) ?? 0
    let parent = String(decoding: bytes[..<last], as: UTF8.self)
    return (parent.isEmpty ? "/" : parent, String(decoding: bytes[(last + 1)...], as: UTF8.self))
  }

  private static let slash = UInt8(ascii: "/")

  private static func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// The path with the links of its existing part resolved.
  private static func resolved(_ path: String) -> String {
    var existing = path
    var missing: [String] = []
    while existing != "/" {
      if let real = realpath(existing, nil) {
        defer { free(real) }
        let base = String(cString: real)
        return missing.isEmpty ? base : (base == "/" ? "" : base) + "/" + missing.reversed().joined(separator: "/")
      }
      let (parent, name) = split(existing)
      missing.append(name)
      existing = parent
    }
    return path
  }
}
