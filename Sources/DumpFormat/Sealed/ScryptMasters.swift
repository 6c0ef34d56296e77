import Cryptography
import Threads

/// The last master secrets that scrypt derived, because each costs about 80 ms. A class: files share it.
package final class ScryptMasters: Sendable {
  private struct Entry: Sendable {
    let key: DumpKey
    let salt: [UInt8]
    let parameters: ScryptParameters
    let master: [UInt8]

    func isFor(_ key: DumpKey, _ parameters: ScryptParameters) -> Bool {
      self.parameters == parameters && self.key == key
    }
  }

  /// Those of this process.
  package static let shared = ScryptMasters()

  /// Bytes of the salt of scrypt: the first half of a file's salt. The other half is different in each file.
  static let saltSize = 16
  /// More than a dump directory has files of different processes.
  private static let capacity = 1024

  private let entries = Lock<[Entry]>([])
  /// The salt of scrypt in the files that this process writes, by key.
  private let own = Lock<[(key: DumpKey, salt: [UInt8])]>([])

  /// Begins without any.
  package init() {}

  /// The salt of scrypt for new files of a key. It stays the same, so that a new file costs no derivation.
  func ownSalt(for key: DumpKey, _ randomness: RandomBytes) -> [UInt8]? {
    own.withLock { own in
      if let salt = own.first(where: { $0.key == key })?.salt { return salt }
      guard let salt = randomness.next(Self.saltSize) else { return nil }
      own = own.suffix(Self.capacity - 1) + [(key, salt)]
      return salt
    }
  }

  /// The master secret of a key, derived or remembered.
  func master(of key: DumpKey, salt: [UInt8], _ parameters: ScryptParameters) throws(DumpFormatError) -> [UInt8] {
    let known = entries.withLock { entries in
      entries.first { $0.isFor(key, parameters) && $0.salt == salt }?.master
    }
    if let known { return known }
    let master = try cryptographic { () throws(CryptographyError) in
      try Scrypt.key(
        password: Array(key.string.utf8), salt: salt, log2N: parameters.log2N, blockSize: parameters.blockSize,
        parallelism: parameters.parallelism)
    }
    entries.withLock { entries in
      let entry = Entry(key: key, salt: salt, parameters: parameters, master: master)
      entries = entries.suffix(Self.capacity - 1) + [entry]
    }
    return master
  }
}
