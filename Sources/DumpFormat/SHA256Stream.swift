import COpenSSL

/// SHA-256 over a stream; a class, since it owns a handle of OpenSSL.
package final class SHA256Stream {
  static let digestSize = 32

  private let context: OpaquePointer

  package init() throws(DumpFormatError) {
    guard let context = EVP_MD_CTX_new() else { throw .library("SHA-256") }
    self.context = context
    guard EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else { throw .library("SHA-256") }
  }

  deinit {
    EVP_MD_CTX_free(context)
  }

  package func update(_ bytes: UnsafeRawBufferPointer) throws(DumpFormatError) {
    guard EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1 else { throw .library("SHA-256") }
  }

  package func update(_ bytes: [UInt8]) throws(DumpFormatError) {
    guard EVP_DigestUpdate(context, bytes, bytes.count) == 1 else { throw .library("SHA-256") }
  }

  /// The digest of what came so far, 32 bytes; more may follow.
  package func digest() throws(DumpFormatError) -> [UInt8] {
    // What is ended is a copy: OpenSSL leaves it open what a second end of the same stream does.
    guard let copy = EVP_MD_CTX_new() else { throw .library("SHA-256") }
    defer { EVP_MD_CTX_free(copy) }
    var digest = [UInt8](repeating: 0, count: Self.digestSize)
    var count: UInt32 = 0
    guard EVP_MD_CTX_copy_ex(copy, context) == 1, EVP_DigestFinal_ex(copy, &digest, &count) == 1,
      Int(count) == digest.count
    else { throw .library("SHA-256") }
    return digest
  }

  /// The digest of what came so far, 64 digits in lower case.
  package func hexadecimal() throws(DumpFormatError) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: try digest().flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}
