import CCrypt
import Glibc

/// bcrypt (`$2b$`) through libxcrypt's reentrant `crypt_r`. Each hash takes about 200 ms of a core at cost 12.
package enum BCrypt {
  /// The cost of Doorman's hashes: 2^12 rounds.
  package static let cost: UInt = 12

  /// Hashes a password with a new salt.
  ///
  /// - Throws: when libxcrypt refuses, as it does a password with a NUL.
  package static func hash(_ password: String, cost: UInt = cost) throws(CryptographyError) -> String {
    var salt = [CChar](repeating: 0, count: Int(CRYPT_GENSALT_OUTPUT_SIZE))
    // A null pointer for the random bytes makes libxcrypt ask the kernel for them.
    guard crypt_gensalt_rn("$2b$", cost, nil, 0, &salt, Int32(salt.count)) != nil,
      let hash = run(password, setting: salt), hash.utf8.starts(with: "$2b$".utf8)
    else { throw CryptographyError("bcrypt") }
    return hash
  }

  /// Whether a hash is that of a password. A malformed hash is that of none.
  package static func verify(_ password: String, against hash: String) -> Bool {
    guard hash.utf8.starts(with: "$2".utf8), let computed = run(password, setting: Array(hash.utf8CString)) else {
      return false
    }
    return SecretBytes.areEqual(Array(computed.utf8), Array(hash.utf8))
  }

  /// Whether libxcrypt accepts a hash and does the work. It refuses a malformed one at once.
  package static func computes(_ hash: String) -> Bool {
    run("", setting: Array(hash.utf8CString)) != nil
  }

  private static func run(_ password: String, setting: [CChar]) -> String? {
    guard !password.utf8.contains(0) else { return nil }
    // The state has 32 KiB, which is too large for a small thread's stack.
    let state = UnsafeMutablePointer<crypt_data>.allocate(capacity: 1)
    state.initialize(to: crypt_data())
    defer {
      explicit_bzero(state, MemoryLayout<crypt_data>.size)
      state.deallocate()
    }
    guard let output = crypt_r(password, setting, state), output.pointee != CChar(UInt8(ascii: "*")) else { return nil }
    return String(cString: output)
  }
}
