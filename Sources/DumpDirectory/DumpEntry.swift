import Clocks
package import DumpFormat
import JSON

/// What a look at a file's beginning met.
package enum DumpAccess: Sendable, Equatable {
  /// It could be read, and a key made sense of it, or it is damaged.
  case open
  /// No key makes sense of it.
  case noKey
  /// It could not be read, with the reason in a sentence. Nothing is known of it: it may be the newest.
  case unreadable(String)
}

/// A file of the directory that may be a dump.
package struct DumpEntry: Sendable, Equatable {
  package let name: String
  /// Absolute.
  package let path: String
  package let bytes: Int
  /// As the dump itself says (not authenticated), else from its name; empty when neither tells.
  package let createdAt: String
  /// What the dump says of itself, not authenticated. `nil` when no key makes sense of it.
  package let header: DumpHeader?
  package let access: DumpAccess
  /// Compares as text; empty when nothing tells.
  let time: String
  /// Whether only the name tells the time.
  let isTimedByName: Bool
  /// Compares as text, between dumps of one time: the name's time, then its number, then the name.
  let rank: String

  /// A file that someone names, which need not lie in a directory of dumps.
  package init(path: String) {
    // Absent only in a path of slashes, which names itself.
    let name = path.parts(betweenBytes: UInt8(ascii: "/")).last ?? path
    self.init(name: name, path: path, bytes: (try? FileIdentity(of: path))?.bytes ?? 0, header: nil)
  }

  /// - Parameters:
  ///   - path: where it is; of a copy elsewhere, whatever names it there.
  ///   - header: what the dump says of itself, or `nil` when nothing is known.
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
    // A name has no fraction. What may have been written at any time of its second counts as its last.
    time = written ?? CivilTime.sortable(fallback.isEmpty ? "" : fallback.dropLast() + ".999999999Z") ?? ""
    let number = String(named?.number ?? 0)
    // By their numbers: `a-…Z-0002.bin` behind `a-…Z.bin`, which plain text would turn round.
    let digits = String(repeating: "0", count: max(0, 8 - number.count)) + number
    rank = "\(named?.time ?? "") \(digits) \(name)"
  }

  /// The order that the header has. `nil` for Doorman's dumps, and for those from before there were epochs.
  package var order: DumpOrder? { header?.order }

  /// The epoch of the lease under which the dump was written.
  package var epoch: Int? { order?.epoch }
}
