import COpenSSL

/// AES-256-GCM over one message as a stream (NIST SP 800-38D). A class, because it owns a handle of OpenSSL.
package final class GCMStream {
  /// Bytes of a key.
  package static let keySize = 32
  /// Bytes of a nonce.
  package static let nonceSize = 12
  /// Bytes of a tag.
  package static let tagSize = 16
  /// Bytes of the longest message: 2^39 - 256 bits.
  package static let maximumMessage = (1 << 36) - 32

  private static let name = "AES-256-GCM"

  private let context: OpaquePointer

  /// Begins a message.
  ///
  /// - Parameter isSealing: whether the message is encrypted or decrypted.
  package init(key: [UInt8], nonce: [UInt8], isSealing: Bool) throws(CryptographyError) {
    guard key.count == Self.keySize, nonce.count == Self.nonceSize, let context = EVP_CIPHER_CTX_new() else {
      throw CryptographyError(Self.name)
    }
    self.context = context
    guard EVP_CipherInit_ex(context, EVP_aes_256_gcm(), nil, key, nonce, isSealing ? 1 : 0) == 1 else {
      throw CryptographyError(Self.name)
    }
  }

  deinit {
    EVP_CIPHER_CTX_free(context)
  }

  /// Encrypts or decrypts the next bytes.
  ///
  /// - Parameter output: has room for as many bytes. It may be the same memory as the input.
  package func update(
    _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawPointer
  ) throws(CryptographyError) {
    guard !input.isEmpty else { return }
    var written: Int32 = 0
    let result = EVP_CipherUpdate(
      context, output.assumingMemoryBound(to: UInt8.self), &written, input.bindMemory(to: UInt8.self).baseAddress,
      Int32(input.count))
    guard result == 1, Int(written) == input.count else { throw CryptographyError(Self.name) }
  }

  /// Decrypts the next bytes in place.
  package func openInPlace(_ bytes: UnsafeMutableRawBufferPointer) throws(CryptographyError) {
    guard let start = bytes.baseAddress else { return }
    try update(UnsafeRawBufferPointer(bytes), into: start)
  }

  /// Ends an encrypted message.
  ///
  /// - Returns: the tag, 16 bytes.
  package func tag() throws(CryptographyError) -> [UInt8] {
    var rest = [UInt8](repeating: 0, count: Self.tagSize)
    var written: Int32 = 0
    var tag = [UInt8](repeating: 0, count: Self.tagSize)
    guard EVP_CipherFinal_ex(context, &rest, &written) == 1,
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, Int32(Self.tagSize), &tag) == 1
    else { throw CryptographyError(Self.name) }
    return tag
  }

  /// Ends a decrypted message.
  ///
  /// - Returns: whether the tag authenticates all that was decrypted.
  package func isAuthentic(_ tag: [UInt8]) -> Bool {
    guard tag.count == Self.tagSize else { return false }
    var tag = tag
    var rest = [UInt8](repeating: 0, count: Self.tagSize)
    var written: Int32 = 0
    return EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, Int32(Self.tagSize), &tag) == 1
      && EVP_CipherFinal_ex(context, &rest, &written) == 1
  }
}
