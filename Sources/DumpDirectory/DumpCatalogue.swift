package import DumpFormat
import Glibc

/// A file of the directory that may be a dump.
package struct DumpEntry: Sendable, Equatable {
  package let name: String
  /// Absolute.
  package let path: String
  package let bytes: Int
  /// As the dump itself says (not authenticated), else from its name; empty when neither tells.
  package let createdAt: String
  /// Compares as text: later dumps are greater.
  let order: String

  init(name: String, path: String, bytes: Int, writtenAt: String?) {
    self.name = name
    self.path = path
    self.bytes = bytes
    let named = DumpName(name)
    let time = writtenAt.flatMap(Self.sortable)
    let fallback = named.map(Self.time) ?? ""
    createdAt = (time == nil ? nil : writtenAt) ?? fallback
    let number = String(named?.number ?? 0)
    // By their numbers: `a-…Z-0002.bin` behind `a-…Z.bin`, which plain text would turn round.
    let digits = String(repeating: "0", count: max(0, 8 - number.count)) + number
    order = "\(time ?? Self.sortable(fallback) ?? "") \(named?.time ?? "") \(digits) \(name)"
  }

  /// Times are compared as text, so only `2026-11-23T20:11:37Z` counts, with up to nine digits of a fraction.
  private static func sortable(_ time: String) -> String? {
    let spelling = /([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{1,9})?Z/
    guard let match = time.wholeMatch(of: spelling) else { return nil }
    let fraction = match.output.2.map(String.init) ?? "."
    return match.output.1 + fraction + String(repeating: "0", count: 10 - fraction.count) + "Z"
  }

  private static func time(of name: DumpName) -> String {
    let text = Array(name.time)
    let (date, clock) = (text[..<8], text[9..<15])
    let spelled =
      "\(String(date[..<4]))-\(String(date[4..<6]))-\(String(date[6...]))T"
      + "\(String(clock[9..<11])):\(String(clock[11..<13])):\(String(clock[13...]))"
    return spelled + "Z"
  }
}

extension DumpDirectory {
  /// The dumps, newest first: by creation time, then by name.
  ///
  /// Any stem counts, since the settings can change it. Directories, links and files that do not begin as dumps are not
  /// among them, except files that are named as dumps: of those an operator wants to hear what is wrong with them. So
  /// are files that can't be read: each may be the newest dump, and a start without it would lose what it holds.
  package func catalogue(_ keyring: DumpKeyring) throws(DumpDirectoryError) -> [DumpEntry] {
    let entries = try Self.names(in: location.directory).compactMap { name in
      name.hasSuffix(DumpName.suffix) && !name.hasPrefix(".") ? entry(name, keyring) : nil
    }
    return entries.sorted { $0.order > $1.order }
  }

  /// - Returns: `nil` when the file is certainly no dump.
  private func entry(_ name: String, _ keyring: DumpKeyring) -> DumpEntry? {
    let path = "\(location.directory)/\(name)"
    let source: DumpFileSource
    do throws(DumpDirectoryError) {
      source = try DumpFileSource(path: path)
    } catch {
      guard error.code != .outside, error.code != .notFound else { return nil }
      return DumpEntry(name: name, path: path, bytes: 0, writtenAt: nil)
    }
    var writtenAt: String?
    do throws(DumpFormatError) {
      writtenAt = try UnverifiedDump(source).unverifiedStamp(keyring)?.createdAt
    } catch {
      guard DumpName(name) != nil || error.code != .notADump else { return nil }
    }
    return DumpEntry(name: name, path: path, bytes: source.size, writtenAt: writtenAt)
  }
}
