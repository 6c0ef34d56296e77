import Clocks
package import DumpFormat
import JSON

/// The result of reading a file's beginning.
package enum DumpAccess: Sendable, Equatable {
  /// The file could be read. Either a key matches, or the file is damaged.
  case open
  /// No key of the keyring matches.
  case noKey
  /// The file could not be read, for the given reason (a sentence). It may be the newest dump.
  case unreadable(String)
}

/// A file of the directory that may be a dump.
package struct DumpEntry: Sendable, Equatable {
  /// The file's name without its directory.
  package let name: String
  /// The absolute path.
  package let path: String
  /// The file's size in bytes.
  package let bytes: Int
  /// The creation time from the dump's header (not authenticated), else from its name; empty when neither has one.
  package let createdAt: String
  /// The dump's header, not authenticated. It is `nil` when no key makes sense of the dump.
  package let header: DumpHeader?
  /// Whether the file's beginning could be read and decrypted.
  package let access: DumpAccess
  /// The time for sorting, compared as text; empty when it is unknown.
  let time: String
  /// Whether only the name gives the time.
  let isTimedByName: Bool
  /// Sorts dumps of the same time, compared as text: the name's time, then its number, then the name.
  let rank: String

  /// Reads nothing: describes a file by its path, which can be outside a dump directory.
  package init(path: String) {
    // Absent only in a path of slashes, which names itself.
    let name = path.parts(betweenBytes: UInt8(ascii: "/")).last ?? path
    self.init(name: name, path: path, bytes: (try? FileIdentity(of: path))?.bytes ?? 0, header: nil)
  }

  /// Creates an entry.
  ///
  /// - Parameters:
  ///   - path: the file's absolute path, or the identifier of a copy that is stored elsewhere.
  ///   - header: the dump's header, or `nil` when it is unknown.
  package init(
    name: String, path: String, bytes: Int, header: DumpHeader?, access: DumpAccess = .open
  ) {
    self.name = name
    self.path = path
    self.bytes = bytes
    self.header = header
    self.access = access
    let named = DumpName(name)
    let written = (header?.createdAt).flatMap(CivilTime.sortable)
    let fallback = named.flatMap { CivilTime(compact: $0.time.utf8)?.extended } ?? ""
    createdAt = (written == nil ? nil : header?.createdAt) ?? fallback
    isTimedByName = written == nil && named != nil
    // A name has no fraction of a second. A dump without another time could have been written at any moment of that
    // second, so it counts as written at the end.
    time = written ?? CivilTime.sortable(fallback.isEmpty ? "" : fallback.dropLast() + ".999999999Z") ?? ""
    let number = String(named?.number ?? 0)
    // Names are compared by their numbers: `a-…Z-0002.bin` comes after `a-…Z.bin`, which a comparison of plain text
    // would reverse.
    let digits = String(repeating: "0", count: max(0, 8 - number.count)) + number
    rank = "\(named?.time ?? "") \(digits) \(name)"
  }

  /// The order in the header. It is `nil` for dumps of Doorman, and for dumps from before there were epochs.
  package var order: DumpOrder? { header?.order }

  /// The epoch of the lease under which the dump was written, or `nil` without a version.
  package var epoch: Int? { order?.epoch }
}
