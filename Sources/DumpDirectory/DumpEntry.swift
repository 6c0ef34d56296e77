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
  /// As the dump itself says (not authenticated); `nil` for the peer's, and for those of before there were epochs.
  package let order: DumpOrder?
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
    self.init(name: name, path: path, bytes: (try? FileIdentity(of: path))?.bytes ?? 0, writtenAt: nil, order: nil)
  }

  /// - Parameters:
  ///   - path: where it is; of a copy elsewhere, whatever names it there.
  ///   - writtenAt: as the dump itself says; `nil` when it does not tell.
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
    // A name has no fraction. What may have been written at any time of its second counts as its last.
    time = written ?? Self.sortable(fallback.isEmpty ? "" : fallback.dropLast() + ".999999999Z") ?? ""
    let number = String(named?.number ?? 0)
    // By their numbers: `a-…Z-0002.bin` behind `a-…Z.bin`, which plain text would turn round.
    let digits = String(repeating: "0", count: max(0, 8 - number.count)) + number
    rank = "\(named?.time ?? "") \(digits) \(name)"
  }

  /// Of the lease under which it was written.
  package var epoch: Int? { order?.epoch }

  /// Times are compared as text, so only `2026-11-23T20:11:37Z` counts, with up to nine digits of a fraction.
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
