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

@Suite("AES-256-GCM with associated data")
struct AssociatedDataTests {
  private static let key = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"
  private static let nonce = "cafebabefacedbaddecaf888"
  private static let associatedData = "feedfacedeadbeeffeedfacedeadbeefabaddad2"
  private static let message =
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525"
    + "b16aedf5aa0de657ba637b39"
  private static let sealed =
    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838"
    + "c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b"

  private func seal(_ message: [UInt8], associatedData: [UInt8]) throws -> [UInt8] {
    var output = [UInt8](repeating: 0, count: message.count + 16)
    let (key, nonce) = (try bytes(Self.key), try bytes(Self.nonce))
    try message.withUnsafeBytes { message in
      try output.withUnsafeMutableBytes { output in
        try AES256GCM.seal(message, key: key, nonce: nonce, associatedData: associatedData, into: output)
      }
    }
    return output
  }

  private func open(_ sealed: inout [UInt8], associatedData: [UInt8]) throws -> Bool {
    let (key, nonce) = (try bytes(Self.key), try bytes(Self.nonce))
    return try sealed.withUnsafeMutableBytes {
      try AES256GCM.open($0, key: key, nonce: nonce, associatedData: associatedData)
    }
  }

  @Test("follows test case 16 of the algorithm's specification in both directions")
  func vector() throws {
    var sealed = try seal(bytes(Self.message), associatedData: bytes(Self.associatedData))
    #expect(try sealed == bytes(Self.sealed))
    #expect(try open(&sealed, associatedData: bytes(Self.associatedData)))
    #expect(try sealed.dropLast(16).elementsEqual(bytes(Self.message)))
  }

  @Test("takes an empty message, and no associated data")
  func empty() throws {
    for associatedData in [[], [1]] as [[UInt8]] {
      var sealed = try seal([], associatedData: associatedData)
      #expect(sealed.count == 16)
      #expect(try open(&sealed, associatedData: associatedData))
    }
  }

  @Test("opens nothing that was changed, and leaves zeros instead")
  func changes() throws {
    let associatedData = try bytes(Self.associatedData)
    let whole = try bytes(Self.sealed)
    for position in whole.indices {
      var sealed = whole
      sealed[position] ^= 0x10
      #expect(try !open(&sealed, associatedData: associatedData))
      #expect(sealed.dropLast(16).allSatisfy { $0 == 0 })
    }
    var sealed = whole
    #expect(try !open(&sealed, associatedData: associatedData.reversed()))
    var short = Array(whole.prefix(15))
    #expect(try !open(&short, associatedData: associatedData))
  }

  @Test("refuses keys and nonces of other lengths, and an output that does not fit", arguments: [(31, 12), (32, 13)])
  func lengths(key: Int, nonce: Int) {
    var output = [UInt8](repeating: 0, count: 16)
    let (key, nonce) = ([UInt8](repeating: 0, count: key), [UInt8](repeating: 0, count: nonce))
    output.withUnsafeMutableBytes { output in
      let message = UnsafeRawBufferPointer(rebasing: output[..<0])
      #expect(throws: CryptographyError("AES-256-GCM")) {
        try AES256GCM.seal(message, key: key, nonce: nonce, associatedData: [], into: output)
      }
      #expect(throws: CryptographyError("AES-256-GCM")) {
        try AES256GCM.seal(
          UnsafeRawBufferPointer(rebasing: output[..<1]), key: [UInt8](repeating: 0, count: 32),
          nonce: [UInt8](repeating: 0, count: 12), associatedData: [], into: output)
      }
    }
  }
}
