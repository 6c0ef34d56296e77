import COpenSSL

/// scrypt (RFC 7914): a key from a password, at a cost that makes guessing slow.
package enum Scrypt {
  /// OpenSSL counts some bytes beside the blocks of the algorithm.
  private static let allowance = 1 << 20

  /// The memory that a derivation takes, bytes. The parameters are not checked.
  package static func memory(log2N: Int, blockSize: Int, parallelism: Int) -> Int {
    128 * blockSize << log2N + 128 * blockSize * parallelism
  }

  /// Derives a key, 32 bytes.
  ///
  /// - Parameters:
  ///   - log2N: the logarithm of the cost N.
  ///   - blockSize: the parameter r.
  ///   - parallelism: the parameter p.
  package static func key(
    password: [UInt8], salt: [UInt8], log2N: Int, blockSize: Int, parallelism: Int
  ) throws(CryptographyError) -> [UInt8] {
    guard 1...20 ~= log2N, 1...64 ~= blockSize, 1...64 ~= parallelism else { throw CryptographyError("scrypt") }
    let memory = memory(log2N: log2N, blockSize: blockSize, parallelism: parallelism) + allowance
    var output = [UInt8](repeating: 0, count: 32)
    let result = password.withUnsafeBytes { password in
      EVP_PBE_scrypt(
        password.bindMemory(to: CChar.self).baseAddress, password.count, salt, salt.count, 1 << UInt64(log2N),
        UInt64(blockSize), UInt64(parallelism), UInt64(memory), &output, output.count)
    }
    guard result == 1 else { throw CryptographyError("scrypt") }
    return output
  }
}
