import Cryptography
import DumpFormat
import JSON

/// The keys that were configured when a dump was read. A result that fewer keys gave may change with more keys. The
/// marks tell the keys apart, and reveal nothing else of them.
struct KeyMarks: Sendable, Equatable {
  private static let purpose = "sidecar-key-mark-v1"
  /// The length of a mark. A code has 32 bytes; this many tell an operator's few keys apart.
  private static let bytes = 8

  private let marks: Set<UTF8Key>

  init(_ texts: some Sequence<String>) {
    marks = Set(texts.map { UTF8Key($0) })
  }

  init(_ keyring: DumpKeyring) throws {
    self.init(
      try keyring.all.map { key in
        Hexadecimal.encode(try key.authenticationCode(of: [], purpose: Self.purpose).prefix(Self.bytes))
      })
  }

  /// The marks as text, sorted.
  var texts: [String] { marks.sorted().map(\.text) }

  /// Whether the other set has every key of this one.
  func isSubset(of other: KeyMarks) -> Bool { marks.isSubset(of: other.marks) }
}
