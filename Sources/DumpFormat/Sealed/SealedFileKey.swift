package import Cryptography

/// The key of one file, which seals and opens its chunks. It shows itself nowhere.
package struct SealedFileKey: Sendable {
  private static let keyIDContext = Array("gatehouse-key-id-v1".utf8)

  /// 32 bytes.
  let bytes: [UInt8]

  /// Makes the key and the preamble of a new file.
  ///
  /// - Parameters:
  ///   - key: its length decides on the derivation.
  ///   - masters: remembers what scrypt derived.
  package static func create(
    _ kind: SealedFileKind, compression: ChunkCompression, key: DumpKey, randomness: RandomBytes = .system,
    masters: ScryptMasters = .shared
  ) throws(DumpFormatError) -> (key: SealedFileKey, preamble: SealedPreamble) {
    let derivation = KeyDerivation.suited(to: key)
    let salt: [UInt8]?
    let keyID: [UInt8]
    switch derivation {
    case .hkdf:
      salt = randomness.next(SealedPreamble.saltSize)
      keyID = try id(of: key)
    case .scrypt:
      let rest = SealedPreamble.saltSize - ScryptMasters.saltSize
      salt = masters.ownSalt(for: key, randomness).flatMap { own in randomness.next(rest).map { own + $0 } }
      keyID = unnamed
    }
    guard let salt, salt.count == SealedPreamble.saltSize else { throw .library("random numbers") }
    let preamble = SealedPreamble(
      kind: kind, derivation: derivation, compression: compression, salt: salt, keyID: keyID)
    let derived = try derive(key, preamble, masters)
    return (derived.key, preamble.with(commitment: derived.commitment))
  }

  /// Finds the key of a file.
  ///
  /// - Throws: `DumpFormatError` `noKey` when none of the keys is the file's, or `damaged` when one is and the preamble
  ///   was changed.
  package static func find(
    for preamble: SealedPreamble, in keyring: DumpKeyring, masters: ScryptMasters = .shared
  ) throws(DumpFormatError) -> SealedFileKey {
    var isNamed = false
    for key in keyring.all {
      // An id is a name and no secret. A key of another id may still be the one: a damaged id must not hide that.
      if preamble.derivation == .hkdf, try id(of: key) == preamble.keyID { isNamed = true }
      let derived = try derive(key, preamble, masters)
      if SecretBytes.areEqual(derived.commitment, preamble.commitment) { return derived.key }
    }
    throw isNamed
      ? DumpFormatError(.damaged, "its first \(SealedPreamble.size) bytes were changed")
      : DumpFormatError(.noKey, preamble.derivation == .hkdf ? ": key id \(Hexadecimal.encode(preamble.keyID))" : "")
  }

  /// The first bytes of a file of scrypt in the place of a key's id.
  static let unnamed = [UInt8](repeating: 0, count: SealedPreamble.keyIDSize)

  /// The name of a key. It is the same in all files of the key.
  static func id(of key: DumpKey) throws(DumpFormatError) -> [UInt8] {
    try cryptographic { () throws(CryptographyError) in
      try HKDFSHA256.bytes(SealedPreamble.keyIDSize, material: key.string.utf8, salt: [], info: keyIDContext)
    }
  }

  private static func derive(
    _ key: DumpKey, _ preamble: SealedPreamble, _ masters: ScryptMasters
  ) throws(DumpFormatError) -> (key: SealedFileKey, commitment: [UInt8]) {
    var master =
      switch preamble.derivation {
      case .hkdf: Array(key.string.utf8)
      case .scrypt(let parameters):
        try masters.master(of: key, salt: Array(preamble.salt.prefix(ScryptMasters.saltSize)), parameters)
      }
    defer { SecretBytes.wipe(&master) }
    return try cryptographic { () throws(CryptographyError) in
      var bytes = try HKDFSHA256.bytes(
        GCMStream.keySize + SealedPreamble.commitmentSize, material: master, salt: preamble.salt,
        info: preamble.kind.keyContext + preamble.boundBytes)
      defer { SecretBytes.wipe(&bytes) }
      return (SealedFileKey(bytes: Array(bytes.prefix(GCMStream.keySize))), Array(bytes.dropFirst(GCMStream.keySize)))
    }
  }
}

extension DumpKeyring {
  /// The name of the key that encrypts, for logs: its id in hexadecimal digits, as in the files of the key. A key that
  /// scrypt protects has none, since a name would be a fast way to test guesses.
  package var name: String {
    guard KeyDerivation.suited(to: sealing) == .hkdf else { return "none, as the key is short" }
    do throws(DumpFormatError) {
      return Hexadecimal.encode(try SealedFileKey.id(of: sealing))
    } catch {
      return "unknown: \(error)"
    }
  }
}

extension SealedFileKey: CustomStringConvertible, CustomReflectable {
  package var description: String { "[redacted]" }
  /// A mirror that shows nothing.
  package var customMirror: Mirror { Mirror(self, children: []) }
}
