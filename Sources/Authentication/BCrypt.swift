import CCrypt
import Glibc
import JSON

/// bcrypt (`$2b$`) through libxcrypt's reentrant `crypt_r`. Each call takes about 200 ms of CPU at cost 12.
enum BCrypt {
  /// The cost of the peer's hashes: 2^12 rounds.
  static let cost: UInt = 12

  /// - Throws: `AuthenticationError` when libxcrypt refuses, as with a NUL in the password.
  static func hash(_ password: String, cost: UInt = cost) throws(AuthenticationError) -> String {
    var salt = [CChar](repeating: 0, count: Int(CRYPT_GENSALT_OUTPUT_SIZE))
    // A null pointer for the random bytes makes libxcrypt ask the kernel for them.
    guard crypt_gensalt_rn("$2b$", cost, nil, 0, &salt, Int32(salt.count)) != nil else {
      throw AuthenticationError(.hashingFailed)
    }
    guard let hash = run(password, setting: salt), hash.beginsWithBytes("$2b$") else {
      throw AuthenticationError(.hashingFailed)
    }
    return hash
  }

  static func verify(_ password: String, against hash: String) -> Bool {
    guard hash.beginsWithBytes("$2"), let computed = run(password, setting: Array(hash.utf8CString)) else {
      return false
    }
    return isEqual(Array(computed.utf8), Array(hash.utf8))
  }

  /// Whether libxcrypt takes the hash for one and does the work; a malformed one it refuses at once.
  static func computes(_ hash: String) -> Bool {
    run("", setting: Array(hash.utf8CString)) != nil
  }

  private static func run(_ password: String, setting: [CChar]) -> String? {
    guard !password.utf8.contains(0) else { return nil }
    // 32 KiB: too large for a small thread's stack.
    let state = UnsafeMutablePointer<crypt_data>.allocate(capacity: 1)
    state.initialize(to: crypt_data())
    defer {
      explicit_bzero(state, MemoryLayout<crypt_data>.size)
      state.deallocate()
    }
    guard let output = crypt_r(password, setting, state), output.pointee != CChar(UInt8(ascii: "*")) else { return nil }
    return String(cString: output)
  }

  /// Takes the same time wherever the texts differ.
  static func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
  }
}
