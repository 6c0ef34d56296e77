package import DumpFormat
import Glibc

/// A file of the directory that may be a dump.
package struct DumpEntry: Sendable, Equatable {
  package let name: String
  /// Absolute.
  package let path: String
  package let bytes: Int
  /// As the dump itself says (not authenticated), else from its name; for sorting.
  package let createdAt: String
}

extension DumpDirectory {
  /// The dumps, newest first: by creation time, then by name.
  ///
  /// Any stem counts, since the settings can change it. Directories, links and files that do not begin as dumps are not
  /// among them, except files that are named as dumps: of those an operator wants to hear what is wrong with them.
  package func catalogue(_ keyring: DumpKeyring) throws(DumpDirectoryError) -> [DumpEntry] {
    var entries: [DumpEntry] = []
    for name in try Self.names(in: location.directory) where name.hasSuffix(DumpName.suffix) && !name.hasPrefix(".") {
      let path = "\(location.directory)/\(name)"
      guard let source = try? DumpFileSource(path: path) else { continue }
      let dump = try? UnverifiedDump(source)
      let named = DumpName(name)
      guard dump != nil || named != nil else { continue }
      let createdAt = dump?.unverifiedCreationTime(keyring).flatMap(Self.sortable) ?? named.map(Self.time)
      entries.append(DumpEntry(name: name, path: path, bytes: source.size, createdAt: createdAt ?? ""))
    }
    return entries.sorted { left, right in
      if left.createdAt != right.createdAt { return left.createdAt > right.createdAt }
      return Self.order(left.name) > Self.order(right.name)
    }
  }

  /// Times are compared as text, so only the one spelling counts.
  private static func sortable(_ time: String) -> String? {
    let characters = Array(time.utf8)
    guard characters.count >= 20, characters[4] == UInt8(ascii: "-"), characters[10] == UInt8(ascii: "T"),
      time.hasSuffix("Z")
    else { return nil }
    // Without a fraction `…37Z` would sort behind `…37.4Z`.
    return characters.count == 20 ? String(time.dropLast()) + ".000000Z" : time
  }

  private static func time(of name: DumpName) -> String {
    let text = Array(name.time)
    let (date, clock) = (text[..<8], text[9..<15])
    let spelled =
      "\(String(date[..<4]))-\(String(date[4..<6]))-\(String(date[6...]))T"
      + "\(String(clock[9..<11])):\(String(clock[11..<13])):\(String(clock[13...]))"
    return spelled + ".000000Z"
  }

  /// Names in the order of their numbers: `a-…Z-0002.bin` behind `a-…Z.bin`, which plain text would turn round.
  private static func order(_ file: String) -> String {
    guard let name = DumpName(file) else { return file }
    let number = String(name.number)
    return "\(name.time)-\(String(repeating: "0", count: max(0, 8 - number.count)))\(number)-\(name.stem)"
  }
}
