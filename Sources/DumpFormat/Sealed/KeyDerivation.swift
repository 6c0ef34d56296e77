import Cryptography

/// The way from a key string to the master secret of a file.
package enum KeyDerivation: Sendable, Equatable {
  /// The master secret is the key string. HKDF-SHA256 makes the file's key from it. It suits long random keys only.
  case hkdf
  /// The master secret is derived by scrypt, which makes guessing short keys slow.
  case scrypt(ScryptParameters)

  /// Code points of the shortest key string that HKDF alone suits.
  private static let longKey = 32

  /// The derivation for new files of a key.
  package static func suited(to key: DumpKey) -> KeyDerivation {
    key.string.unicodeScalars.count < longKey ? .scrypt(.standard) : .hkdf
  }
}

/// The costs of scrypt, within the bounds that readers accept.
package struct ScryptParameters: Sendable, Hashable {
  /// The most memory that a derivation may take, bytes.
  private static let maximumMemory = 256 << 20 + 128 * 16 * 4

  /// About 80 ms and 32 MiB.
  package static let standard = ScryptParameters(uncheckedLog2N: 15, blockSize: 8, parallelism: 1)

  /// The logarithm of the cost N.
  package let log2N: Int
  /// The parameter r.
  package let blockSize: Int
  /// The parameter p.
  package let parallelism: Int

  /// - Returns: `nil` when a parameter or the memory is above the bounds: 20, 16, 4 and 256 MiB for N times r blocks.
  package init?(log2N: Int, blockSize: Int, parallelism: Int) {
    guard 1...20 ~= log2N, 1...16 ~= blockSize, 1...4 ~= parallelism,
      Scrypt.memory(log2N: log2N, blockSize: blockSize, parallelism: parallelism) <= Self.maximumMemory
    else { return nil }
    self.init(uncheckedLog2N: log2N, blockSize: blockSize, parallelism: parallelism)
  }

  private init(uncheckedLog2N log2N: Int, blockSize: Int, parallelism: Int) {
    self.log2N = log2N
    self.blockSize = blockSize
    self.parallelism = parallelism
  }
}
