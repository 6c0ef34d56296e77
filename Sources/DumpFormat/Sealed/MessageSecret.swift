import Cryptography

/// The secret of one encryption key for messages between processes that have the key, and the secret's name. It shows
/// itself nowhere.
package struct MessageSecret: Sendable {
  /// Bytes of the name.
  package static let nameSize = 8
  /// The salt of scrypt. All processes of a key need the same one, and its length differs from that of a file's.
  private static let salt = Array("gatehouse-message-secret-v1".utf8)

  /// Names the key in a message. The names of short keys cost as much to guess as the keys.
  package let name: [UInt8]
  /// 32 bytes.
  package let bytes: [UInt8]

  /// Derives the secret of a key. It takes about 80 ms for a short key, which scrypt protects as in files.
  package init(of key: DumpKey, masters: ScryptMasters = .shared) throws(DumpFormatError) {
    var master =
      switch KeyDerivation.suited(to: key) {
      case .hkdf: Array(key.string.utf8)
      case .scrypt(let parameters): try masters.master(of: key, salt: Self.salt, parameters)
      }
    defer { SecretBytes.wipe(&master) }
    (name, bytes) = try cryptographic { () throws(CryptographyError) in
      let name = try HKDFSHA256.bytes(
        Self.nameSize, material: master, salt: Self.salt, info: Array("gatehouse-message-name-v1".utf8))
      return (name, try HKDFSHA256.key(material: master, salt: Self.salt, info: "gatehouse-message-key-v1"))
    }
  }
}

extension MessageSecret: CustomStringConvertible, CustomReflectable {
  package var description: String { "[redacted]" }
  /// A mirror that shows nothing.
  package var customMirror: Mirror { Mirror(self, children: []) }
}
