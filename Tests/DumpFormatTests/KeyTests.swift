import Testing

@testable import DumpFormat

@Suite("What is derived from a key")
struct KeyTests {
  @Test("follows RFC 5869 and RFC 4231")
  func vectors() throws {
    // RFC 5869, test case 3: the first 32 bytes of its output.
    let material = DumpKey(String(repeating: "\u{0B}", count: 22))
    #expect(
      try KeyDerivation.hkdf(material, salt: [], info: "")
        == [UInt8](hex: "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"))
    // RFC 4231, test case 2.
    #expect(
      try HMACSHA256.code(key: Array("Jefe".utf8), Array("what do ya want for nothing?".utf8))
        == [UInt8](hex: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"))
  }

  @Test("gives a code for bytes and a purpose, and for no others")
  func code() throws {
    let bytes = Array(#"{"epoch":3}"#.utf8)
    let code = try Dumps.key.authenticationCode(of: bytes, purpose: "writer-state-v1")
    // Computed with Python's hmac.
    #expect(code == [UInt8](hex: "d369b8a8e30aa307c00bdf0ea131cbc236a82fa9cf1276f80b9dcfb6886edf93"))
    #expect(try Dumps.key.isAuthentic(code, of: bytes, purpose: "writer-state-v1"))
    #expect(try !Dumps.key.isAuthentic(code, of: bytes, purpose: "writer-state-v2"))
    #expect(try !Dumps.key.isAuthentic(code, of: bytes + [0], purpose: "writer-state-v1"))
    #expect(try !DumpKey("another").isAuthentic(code, of: bytes, purpose: "writer-state-v1"))
    for damaged in [[], Array(code.dropLast()), code + [0], code.dropLast() + [code[31] ^ 1]] {
      #expect(try !Dumps.key.isAuthentic(damaged, of: bytes, purpose: "writer-state-v1"))
    }
    #expect(try Dumps.key.authenticationCode(of: [], purpose: "").count == 32)
  }
}

@Suite("A digest of a stream")
struct DigestTests {
  @Test("is that of all parts together, and can be asked for at any time")
  func parts() throws {
    let hash = try SHA256Stream()
    #expect(try hash.hexadecimal() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    try hash.update(Array("a".utf8))
    try hash.update([])
    try Array("bc".utf8).withUnsafeBytes { try hash.update($0) }
    let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    #expect(try hash.hexadecimal() == expected)
    #expect(try hash.digest() == [UInt8](hex: expected))
  }
}
