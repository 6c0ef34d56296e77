import Cryptography

/// The random name of a process, as its lease has it.
package struct PeerName: Sendable, Hashable, CustomStringConvertible {
  static let size = 16

  /// 16 bytes.
  let bytes: [UInt8]

  /// Reads the digits of a name.
  ///
  /// - Returns: `nil` when they are not those of 16 bytes.
  package init?(_ text: String) {
    guard let bytes = Hexadecimal.decode(text.utf8), bytes.count == Self.size else { return nil }
    self.bytes = bytes
  }

  init(bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }

  /// The digits, as in `lease.json`.
  package var description: String { Hexadecimal.encode(bytes) }
}
