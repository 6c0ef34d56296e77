import COpenSSL

/// HKDF-SHA256 (RFC 5869) for one key of 32 bytes, as the peer derives a dump's key.
enum KeyDerivation {
  static func hkdf(_ key: DumpKey, salt: [UInt8], info: String) throws(DumpFormatError) -> [UInt8] {
    var material = Array(key.string.utf8)
    defer { material.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) } }
    let extracted = try hmac(key: salt, material)
    // One block is all that 32 bytes need: T(1) = HMAC(PRK, info ‖ 1).
    return try hmac(key: extracted, Array(info.utf8) + [1])
  }

  private static func hmac(key: [UInt8], _ message: [UInt8]) throws(DumpFormatError) -> [UInt8] {
    var output = [UInt8](repeating: 0, count: GCMStream.keySize)
    var count: UInt32 = 0
    guard HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, &output, &count) != nil,
      Int(count) == output.count
    else { throw .library("HMAC-SHA256") }
    return output
  }
}

extension DumpFormatError {
  static func library(_ what: String) -> DumpFormatError { DumpFormatError(.cryptography, what) }
}

/// AES-256-GCM over a stream (NIST SP 800-38D). One message; a class, since it owns a handle of OpenSSL.
final class GCMStream {
  static let keySize = 32
  static let nonceSize = 12
  static let tagSize = 16
  /// One message may have 2^39 - 256 bits.
  static let maximumMessage = (1 << 36) - 32

  private let context: OpaquePointer

  init(key: [UInt8], nonce: [UInt8], isSealing: Bool) throws(DumpFormatError) {
    guard let context = EVP_CIPHER_CTX_new() else { throw .library("AES-256-GCM") }
    self.context = context
    guard EVP_CipherInit_ex(context, EVP_aes_256_gcm(), nil, key, nonce, isSealing ? 1 : 0) == 1 else {
      throw .library("AES-256-GCM")
    }
  }

  deinit {
    EVP_CIPHER_CTX_free(context)
  }

  /// Seals or opens some bytes; `output` has room for as many. Both may be the same memory.
  func update(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawPointer) throws(DumpFormatError) {
    guard !input.isEmpty else { return }
    var written: Int32 = 0
    let result = EVP_CipherUpdate(
      context, output.assumingMemoryBound(to: UInt8.self), &written, input.bindMemory(to: UInt8.self).baseAddress,
      Int32(input.count))
    guard result == 1, Int(written) == input.count else { throw .library("AES-256-GCM") }
  }

  /// Ends sealing.
  func tag() throws(DumpFormatError) -> [UInt8] {
    var rest = [UInt8](repeating: 0, count: Self.tagSize)
    var written: Int32 = 0
    var tag = [UInt8](repeating: 0, count: Self.tagSize)
    guard EVP_CipherFinal_ex(context, &rest, &written) == 1,
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, Int32(Self.tagSize), &tag) == 1
    else { throw .library("AES-256-GCM") }
    return tag
  }

  /// Ends opening: whether what came out is what was sealed.
  func isAuthentic(_ tag: [UInt8]) -> Bool {
    var tag = tag
    var rest = [UInt8](repeating: 0, count: Self.tagSize)
    var written: Int32 = 0
    return EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, Int32(Self.tagSize), &tag) == 1
      && EVP_CipherFinal_ex(context, &rest, &written) == 1
  }
}

/// SHA-256 over a stream; a class, since it owns a handle of OpenSSL.
final class SHA256Stream {
  private let context: OpaquePointer

  init() throws(DumpFormatError) {
    guard let context = EVP_MD_CTX_new() else { throw .library("SHA-256") }
    self.context = context
    guard EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else { throw .library("SHA-256") }
  }

  deinit {
    EVP_MD_CTX_free(context)
  }

  func update(_ bytes: UnsafeRawBufferPointer) throws(DumpFormatError) {
    guard EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1 else { throw .library("SHA-256") }
  }

  func hexadecimal() throws(DumpFormatError) -> String {
    var digest = [UInt8](repeating: 0, count: 32)
    var count: UInt32 = 0
    guard EVP_DigestFinal_ex(context, &digest, &count) == 1 else { throw .library("SHA-256") }
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}

/// Where salts and nonces come from.
package struct DumpRandomness: Sendable {
  let bytes: @Sendable (Int) -> [UInt8]?

  package init(bytes: @escaping @Sendable (_ count: Int) -> [UInt8]?) {
    self.bytes = bytes
  }

  /// OpenSSL's generator, seeded by the kernel.
  package static let system = DumpRandomness { count in
    var bytes = [UInt8](repeating: 0, count: count)
    return RAND_bytes(&bytes, Int32(count)) == 1 ? bytes : nil
  }
}
