import Glibc
import JSON

/// What stands beside a location's dumps and is not loaded, listed as a dump, copied or pruned.
package struct LeftAlone: Sendable, Equatable {
  /// Something that is named as a dump of the location and is no regular file.
  package struct Impostor: Sendable, Hashable {
    package let name: String
    /// As `a symbolic link`.
    package let kind: String
  }

  /// Sorted by name.
  package let impostors: [Impostor]
  /// Files that end as dumps do and have another name than the location's: a copy of an operator, dumps of another stem. Sorted.
  package let others: [String]
}

extension DumpDirectory {
  /// Looks for what is left alone, so that nobody waits for it to be loaded.
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

  /// - Returns: `nil` for a regular file, and for what is gone or can't be looked at, which `catalogue` shows.
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
