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
  /// The version from the dump's header (not authenticated). It is `nil` for dumps of Doorman, and for dumps from
  /// before there were epochs.
  package let order: DumpOrder?
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
    self.init(name: name, path: path, bytes: (try? FileIdentity(of: path))?.bytes ?? 0, writtenAt: nil, order: nil)
  }

  /// Creates an entry.
  ///
  /// - Parameters:
  ///   - path: the file's absolute path, or the identifier of a copy that is stored elsewhere.
  ///   - writtenAt: the time in the dump's header, or `nil` when it has none.
  package init(
    name: String, path: String, bytes: Int, writtenAt: String?, order: DumpOrder?, access: DumpAccess = .open
  ) {
    self.name = name
    self.path = path
    self.bytes = bytes
    self.order = order
    self.access = access
    let named = DumpName(name)
    let written = writtenAt.flatMap(Self.sortable)
    let fallback = named.map(Self.time) ?? ""
    createdAt = (written == nil ? nil : writtenAt) ?? fallback
    isTimedByName = written == nil && named != nil
    // A name has no fraction of a second. A dump without another time could have been written at any moment of that
    // second, so it counts as written at the end.
    time = written ?? Self.sortable(fallback.isEmpty ? "" : fallback.dropLast() + ".999999999Z") ?? ""
    let number = String(named?.number ?? 0)
    // Names are compared by their numbers: `a-…Z-0002.bin` comes after `a-…Z.bin`, which a comparison of plain text
    // would reverse.
    let digits = String(repeating: "0", count: max(0, 8 - number.count)) + number
    rank = "\(named?.time ?? "") \(digits) \(name)"
  }

  /// The epoch of the lease under which the dump was written, or `nil` without a version.
  package var epoch: Int? { order?.epoch }

  /// Times are compared as text, so only the form `2026-11-23T20:11:37Z` is accepted, with up to nine digits of a
  /// fraction.
  private static func sortable(_ time: String) -> String? {
    let text = Array(time.utf8)
    let shape = Array("0000-00-00T00:00:00".utf8)
    guard text.count > shape.count, text.last == UInt8(ascii: "Z"),
      zip(shape, text).allSatisfy({ $0 == UInt8(ascii: "0") ? isDigit($1) : $0 == $1 })
    else { return nil }
    let fraction = text[shape.count...].dropLast()
    guard fraction.isEmpty || fraction.first == UInt8(ascii: ".") && (2...10).contains(fraction.count),
      fraction.dropFirst().allSatisfy(isDigit)
    else { return nil }
    let digits = String(decoding: fraction.dropFirst(), as: UTF8.self)
    return String(decoding: text[..<shape.count], as: UTF8.self) + "." + digits
      + String(repeating: "0", count: 9 - digits.utf8.count) + "Z"
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

  private static func time(of name: DumpName) -> String {
    let text = Array(name.time)
    let (date, clock) = (text[..<8], text[9..<15])
    let spelled =
      "\(String(date[..<4]))-\(String(date[4..<6]))-\(String(date[6...]))T"
      + "\(String(clock[9..<11])):\(String(clock[11..<13])):\(String(clock[13...]))"
    return spelled + "Z"
  }
}
