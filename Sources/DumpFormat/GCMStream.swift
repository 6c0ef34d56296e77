import COpenSSL

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

  func openInPlace(_ bytes: UnsafeMutableRawBufferPointer) throws(DumpFormatError) {
    guard let start = bytes.baseAddress else { return }
    try update(UnsafeRawBufferPointer(bytes), into: start)
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
