import Glibc
import JSON

/// Files in a dump directory that are not loaded, listed as dumps, copied or pruned.
package struct LeftAlone: Sendable, Equatable {
  /// An entry with the name of a dump of the location that is not a regular file.
  package struct Impostor: Sendable, Hashable {
    /// The entry's name.
    package let name: String
    /// The kind of entry in words, such as `a symbolic link`.
    package let kind: String
  }

  /// The entries that are not regular files, sorted by name.
  package let impostors: [Impostor]
  /// The names of other files that end in `.bin`, sorted: an operator's copies, or dumps with another stem.
  package let others: [String]
}

extension DumpDirectory {
  /// Lists the files that are left alone, so that an operator does not wait for one of them to be loaded.
  package func leftAlone() throws(DumpDirectoryError) -> LeftAlone {
    let names = try Self.names(in: location.directory).sorted { $0.precedesByBytes($1) }
    let impostors = names.filter(location.owns).compactMap { name in
      Self.kind(of: "\(location.directory)/\(name)").map { LeftAlone.Impostor(name: name, kind: $0) }
    }
    let others = names.filter { name in
      !location.owns(name) && !name.beginsWithBytes(".") && name.lowercased().endsWithBytes(DumpName.suffix)
    }
    return LeftAlone(impostors: impostors, others: others)
  }

  /// Describes the kind of an entry.
  ///
  /// - Returns: `nil` for a regular file, and for an entry that is gone or can't be examined; `catalogue` shows the
  ///   latter.
  private static func kind(of path: String) -> String? {
    var status = stat()
    guard lstat(path, &status) == 0 else { return nil }
    return switch status.st_mode & S_IFMT {
    case S_IFREG: nil
    case S_IFLNK: "a symbolic link"
    case S_IFDIR: "a directory"
    case S_IFIFO: "a pipe"
    case S_IFSOCK: "a socket"
    default: "a device"
    }
  }
}
