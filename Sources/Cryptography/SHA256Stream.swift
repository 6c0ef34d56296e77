import COpenSSL

/// SHA-256 over a stream. A class, because it owns a handle of OpenSSL.
package final class SHA256Stream {
  /// Bytes of a digest.
  package static let digestSize = 32

  private static let name = "SHA-256"

  private let context: OpaquePointer

  /// Begins a stream.
  package init() throws(CryptographyError) {
    guard let context = EVP_MD_CTX_new() else { throw CryptographyError(Self.name) }
    self.context = context
    guard EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else { throw CryptographyError(Self.name) }
  }

  deinit {
    EVP_MD_CTX_free(context)
  }

  /// Adds bytes.
  package func update(_ bytes: UnsafeRawBufferPointer) throws(CryptographyError) {
    guard EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1 else { throw CryptographyError(Self.name) }
  }

  /// Adds bytes.
  package func update(_ bytes: [UInt8]) throws(CryptographyError) {
    guard EVP_DigestUpdate(context, bytes, bytes.count) == 1 else { throw CryptographyError(Self.name) }
  }

  /// The digest of the bytes so far, 32 bytes. More bytes may follow.
  package func digest() throws(CryptographyError) -> [UInt8] {
    // A copy is ended, because OpenSSL does not define a second end of the same stream.
    guard let copy = EVP_MD_CTX_new() else { throw CryptographyError(Self.name) }
    defer { EVP_MD_CTX_free(copy) }
    var digest = [UInt8](repeating: 0, count: Self.digestSize)
    var count: UInt32 = 0
    guard EVP_MD_CTX_copy_ex(copy, context) == 1, EVP_DigestFinal_ex(copy, &digest, &count) == 1,
      Int(count) == digest.count
    else { throw CryptographyError(Self.name) }
    return digest
  }

  /// The digest of the bytes so far, as 64 hexadecimal digits.
  package func hexadecimal() throws(CryptographyError) -> String { Hexadecimal.encode(try digest()) }
}
