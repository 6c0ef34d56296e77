import COpenSSL

/// AES-256-GCM (NIST SP 800-38D) over one message in memory, with associated data that is authenticated only.
package enum AES256GCM {
  private static let name = "AES-256-GCM"
  private static let tagSize = GCMStream.tagSize

  /// Encrypts a message.
  ///
  /// - Parameters:
  ///   - key: 32 bytes.
  ///   - nonce: 12 bytes. No two messages under one key may have the same.
  ///   - output: has room for the message and the tag, 16 bytes, which follows it. It may begin where the message does.
  package static func seal(
    _ message: UnsafeRawBufferPointer, key: [UInt8], nonce: [UInt8], associatedData: [UInt8],
    into output: UnsafeMutableRawBufferPointer
  ) throws(CryptographyError) {
    guard output.count == message.count + tagSize, let start = output.baseAddress else { throw CryptographyError(name) }
    try withContext(key, nonce, associatedData, isSealing: true) { context throws(CryptographyError) in
      try update(context, message, into: start)
      var rest: Int32 = 0
      guard EVP_CipherFinal_ex(context, (start + message.count).assumingMemoryBound(to: UInt8.self), &rest) == 1,
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, Int32(tagSize), start + message.count) == 1
      else { throw CryptographyError(name) }
    }
  }

  /// Decrypts a message in place, and overwrites it with zeros when it is not authentic.
  ///
  /// - Parameters:
  ///   - sealed: the encrypted message and its tag. The message is in its place afterwards, before the tag.
  ///   - key: 32 bytes.
  ///   - nonce: 12 bytes.
  /// - Returns: whether the tag authenticates the message and the associated data.
  package static func open(
    _ sealed: UnsafeMutableRawBufferPointer, key: [UInt8], nonce: [UInt8], associatedData: [UInt8]
  ) throws(CryptographyError) -> Bool {
    guard sealed.count >= tagSize, let start = sealed.baseAddress else { return false }
    let count = sealed.count - tagSize
    return try withContext(key, nonce, associatedData, isSealing: false) { context throws(CryptographyError) in
      try update(context, UnsafeRawBufferPointer(start: start, count: count), into: start)
      guard EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, Int32(tagSize), start + count) == 1 else {
        throw CryptographyError(name)
      }
      var rest: Int32 = 0
      let end = (start + count).assumingMemoryBound(to: UInt8.self)
      let isAuthentic = EVP_CipherFinal_ex(context, end, &rest) == 1
      if !isAuthentic { OPENSSL_cleanse(start, count) }
      return isAuthentic
    }
  }

  private static func withContext<Value>(
    _ key: [UInt8], _ nonce: [UInt8], _ associatedData: [UInt8], isSealing: Bool,
    _ body: (OpaquePointer) throws(CryptographyError) -> Value
  ) throws(CryptographyError) -> Value {
    guard key.count == GCMStream.keySize, nonce.count == GCMStream.nonceSize, let context = EVP_CIPHER_CTX_new() else {
      throw CryptographyError(name)
    }
    defer { EVP_CIPHER_CTX_free(context) }
    var written: Int32 = 0
    guard EVP_CipherInit_ex(context, EVP_aes_256_gcm(), nil, key, nonce, isSealing ? 1 : 0) == 1,
      associatedData.isEmpty
        || EVP_CipherUpdate(context, nil, &written, associatedData, Int32(clamping: associatedData.count)) == 1
    else { throw CryptographyError(name) }
    return try body(context)
  }

  private static func update(
    _ context: OpaquePointer, _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawPointer
  ) throws(CryptographyError) {
    guard !input.isEmpty else { return }
    var written: Int32 = 0
    guard let count = Int32(exactly: input.count),
      EVP_CipherUpdate(
        context, output.assumingMemoryBound(to: UInt8.self), &written,
        input.bindMemory(to: UInt8.self).baseAddress, count) == 1, written == count
    else { throw CryptographyError(name) }
  }
}
