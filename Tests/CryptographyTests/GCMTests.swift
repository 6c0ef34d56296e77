import Cryptography
import Testing

@Suite("AES-256-GCM")
struct GCMTests {
  private static let nonce = [UInt8](repeating: 0, count: 12)

  private func sealed(_ text: [UInt8], parts: Int) throws -> (text: [UInt8], tag: [UInt8]) {
    let stream = try GCMStream(key: [UInt8](repeating: 0, count: 32), nonce: Self.nonce, isSealing: true)
    var output: [UInt8] = []
    for start in stride(from: 0, to: text.count, by: parts) {
      var part = Array(text[start..<min(start + parts, text.count)])
      try part.withUnsafeMutableBytes { try stream.openInPlace($0) }
      output += part
    }
    return (output, try stream.tag())
  }

  @Test("follows test cases 13 and 14 of the algorithm's specification")
  func vectors() throws {
    let empty = try sealed([], parts: 1)
    #expect(try empty.tag == bytes("530f8afbc74536b9a963b4f1c4cb738b"))
    let block = try sealed([UInt8](repeating: 0, count: 16), parts: 16)
    #expect(try block.text == bytes("cea7403d4d606b6e074ec5d3baf39d18"))
    #expect(try block.tag == bytes("d0d1c8a799996bf0265b98b5d48ab919"))
  }

  @Test("gives the same whatever the parts, and opens what it sealed only", arguments: [1, 7, 16, 100, 4096])
  func parts(size: Int) throws {
    let text = (0..<4000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let whole = try sealed(text, parts: text.count)
    let (cipher, tag) = try sealed(text, parts: size)
    #expect(cipher == whole.text && tag == whole.tag)
    func opened(_ cipher: [UInt8], _ tag: [UInt8]) throws -> [UInt8]? {
      let stream = try GCMStream(key: [UInt8](repeating: 0, count: 32), nonce: Self.nonce, isSealing: false)
      var bytes = cipher
      try bytes.withUnsafeMutableBytes { try stream.openInPlace($0) }
      return stream.isAuthentic(tag) ? bytes : nil
    }
    #expect(try opened(cipher, tag) == text)
    #expect(try opened(cipher, tag.dropLast() + [tag[15] ^ 1]) == nil)
    #expect(try opened([cipher[0] ^ 1] + cipher.dropFirst(), tag) == nil)
    #expect(try opened(cipher, Array(tag.dropLast())) == nil)
  }

  @Test("refuses keys and nonces of other lengths", arguments: [(31, 12), (33, 12), (32, 11), (32, 13), (0, 0)])
  func lengths(key: Int, nonce: Int) {
    #expect(throws: CryptographyError("AES-256-GCM")) {
      try GCMStream(
        key: [UInt8](repeating: 0, count: key), nonce: [UInt8](repeating: 0, count: nonce), isSealing: true)
    }
  }
}
