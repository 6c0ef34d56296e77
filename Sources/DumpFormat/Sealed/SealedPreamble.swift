/// The beginning in clear of a sealed file, 96 bytes. The file's key is bound to it: with any other byte in it, no key
/// opens the file.
///
/// ```text
///  0  4  magic              10  6  zero
///  4  1  version, 1         16 32  salt
///  5  1  key derivation     48  8  key id
///  6  3  scrypt: log2 N,    56 32  key commitment
///        r, p; else zero    88  8  zero
///  9  1  compression
/// ```
package struct SealedPreamble: Sendable, Equatable {
  /// Bytes of a preamble.
  package static let size = 96
  /// Bytes of a salt.
  package static let saltSize = 32
  /// Bytes of a key id.
  package static let keyIDSize = 8
  /// Bytes of a key commitment.
  package static let commitmentSize = 32

  static let version: UInt8 = 1
  private static let saltStart = 16
  private static let keyIDStart = 48
  private static let commitmentStart = 56
  private static let commitmentEnd = 88

  /// The kind of the file.
  package let kind: SealedFileKind
  /// The way from a key string to the master secret.
  package let derivation: KeyDerivation
  /// The compression of the chunks.
  package let compression: ChunkCompression
  /// Random bytes. They make the key of each file a different one.
  package let salt: [UInt8]
  /// Names the key string, or zeros for a key that scrypt protects: a name would be a fast way to test guesses.
  package let keyID: [UInt8]
  /// Derived together with the file's key. It tells a wrong key from damage.
  package private(set) var commitment: [UInt8]

  /// A preamble whose commitment is still missing.
  init(kind: SealedFileKind, derivation: KeyDerivation, compression: ChunkCompression, salt: [UInt8], keyID: [UInt8]) {
    self.kind = kind
    self.derivation = derivation
    self.compression = compression
    self.salt = salt
    self.keyID = keyID
    commitment = [UInt8](repeating: 0, count: Self.commitmentSize)
  }

  /// The same preamble with its commitment.
  func with(commitment: [UInt8]) -> SealedPreamble {
    var preamble = self
    preamble.commitment = commitment
    return preamble
  }

  /// The bytes before the commitment, to which the file's key is bound.
  var boundBytes: [UInt8] { Array(bytes[..<Self.commitmentStart]) }

  /// The 96 bytes.
  package var bytes: [UInt8] {
    var scrypt: [UInt8] = [1, 0, 0, 0]
    if case .scrypt(let cost) = derivation {
      scrypt = [2, UInt8(cost.log2N), UInt8(cost.blockSize), UInt8(cost.parallelism)]
    }
    return kind.magic + [Self.version] + scrypt + [compression.rawValue] + [UInt8](repeating: 0, count: 6)
      + salt + keyID + commitment + [UInt8](repeating: 0, count: 8)
  }

  /// Reads the beginning of a file.
  ///
  /// - Parameter bytes: the first 96 bytes, or all when there are fewer.
  /// - Throws: `DumpFormatError` `notADump` when the magic bytes are of no kind or of another one, `truncated`,
  ///   `unsupportedLayout` for a later version, or `damaged`.
  package init(_ bytes: [UInt8], kind: SealedFileKind) throws(DumpFormatError) {
    guard bytes.prefix(4).elementsEqual(kind.magic) else { throw DumpFormatError(.notADump) }
    guard bytes.count >= Self.size else { throw DumpFormatError(.truncated) }
    guard bytes[4] == Self.version else {
      throw DumpFormatError(.unsupportedLayout, "\(kind.rawValue.uppercased()), version \(bytes[4])")
    }
    guard let derivation = Self.derivation(bytes[5..<9]), let compression = ChunkCompression(rawValue: bytes[9]) else {
      throw DumpFormatError(.damaged, "its first \(Self.size) bytes state impossible values")
    }
    self.kind = kind
    self.derivation = derivation
    self.compression = compression
    salt = Array(bytes[Self.saltStart..<Self.keyIDStart])
    keyID = Array(bytes[Self.keyIDStart..<Self.commitmentStart])
    commitment = Array(bytes[Self.commitmentStart..<Self.commitmentEnd])
    guard self.bytes.elementsEqual(bytes.prefix(Self.size)) else {
      throw DumpFormatError(.damaged, "its first \(Self.size) bytes have other bytes where zeros belong")
    }
  }

  private static func derivation(_ bytes: ArraySlice<UInt8>) -> KeyDerivation? {
    let bytes = bytes.map { Int($0) }
    return switch bytes[0] {
    case 1: .hkdf
    case 2: ScryptParameters(log2N: bytes[1], blockSize: bytes[2], parallelism: bytes[3]).map { .scrypt($0) }
    default: nil
    }
  }
}
