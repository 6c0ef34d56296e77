import Cryptography
import DumpFormat

/// Which keys were at hand when a dump was read, so that a verdict of fewer keys is told from one of more. The marks tell
/// the keys apart and nothing else of them.
struct KeyMarks: Sendable, Equatable {
  private static let purpose = "sidecar-key-mark-v1"
  /// Of the 32 that a code has: enough to tell an operator's few keys apart.
  private static let bytes = 8

  private let marks: Set<String>

  init(_ texts: some Sequence<String>) {
    marks = Set(texts)
  }

  init(_ keyring: DumpKeyring) throws {
    self.init(
      try keyring.all.map { key in
        Hexadecimal.encode(try key.authenticationCode(of: [], purpose: Self.purpose).prefix(Self.bytes))
      })
  }

  var texts: [String] { marks.sorted() }

  func isSubset(of other: KeyMarks) -> Bool { marks.isSubset(of: other.marks) }
}
