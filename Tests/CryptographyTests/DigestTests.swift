import Cryptography
import Testing

/// The bytes of a vector.
func bytes(_ hexadecimal: String) throws -> [UInt8] { try #require(Hexadecimal.decode(hexadecimal.utf8)) }

@Suite("A digest of a stream")
struct DigestTests {
  @Test("is that of all parts together, and can be asked for at any time")
  func parts() throws {
    let hash = try SHA256Stream()
    #expect(try hash.hexadecimal() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    try hash.update(Array("a".utf8))
    try hash.update([])
    try Array("bc".utf8).withUnsafeBytes { try hash.update($0) }
    // FIPS 180-4, the example "abc".
    let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    #expect(try hash.hexadecimal() == expected)
    #expect(try hash.digest() == bytes(expected))
  }
}

@Suite("Codes and derived keys")
struct KeyedHashTests {
  @Test("follow RFC 4231, test cases 1, 2 and 6")
  func codes() throws {
    #expect(
      try HMACSHA256.code(key: [UInt8](repeating: 0x0B, count: 20), Array("Hi There".utf8))
        == bytes("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"))
    #expect(
      try HMACSHA256.code(key: Array("Jefe".utf8), Array("what do ya want for nothing?".utf8))
        == bytes("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"))
    #expect(
      try HMACSHA256.code(
        key: [UInt8](repeating: 0xAA, count: 131),
        Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8))
        == bytes("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"))
  }

  @Test("follow RFC 5869, the first 32 bytes of test cases 1 and 3")
  func derivation() throws {
    let material = [UInt8](repeating: 0x0B, count: 22)
    #expect(
      try HKDFSHA256.key(
        material: material, salt: bytes("000102030405060708090a0b0c"),
        info: "")
        != HKDFSHA256.key(material: material, salt: [], info: ""))
    #expect(
      try HKDFSHA256.key(material: material, salt: [], info: "")
        == bytes("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"))
  }

  @Test("follow RFC 5869, test case 2, over several blocks")
  func longDerivation() throws {
    let derived = try HKDFSHA256.bytes(82, material: 0x00...0x4F, salt: Array(0x60...0xAF), info: Array(0xB0...0xFF))
    #expect(
      try derived
        == bytes(
          "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
            + "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"))
    #expect(throws: CryptographyError.self) { try HKDFSHA256.bytes(8161, material: [1], salt: [], info: []) }
  }

  @Test("follow RFC 7914 where a password is the source, and refuse costs out of bounds")
  func passwords() throws {
    let (password, salt) = (Array("pleaseletmein".utf8), Array("SodiumChloride".utf8))
    #expect(
      try Scrypt.key(password: password, salt: salt, log2N: 14, blockSize: 8, parallelism: 1)
        == bytes("7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"))
    for (log2N, blockSize, parallelism) in [(0, 8, 1), (21, 8, 1), (14, 0, 1), (14, 8, 0)] {
      #expect(throws: CryptographyError("scrypt")) {
        try Scrypt.key(
          password: password, salt: salt, log2N: log2N, blockSize: blockSize, parallelism: parallelism)
      }
    }
  }
}

@Suite("Secret bytes")
struct SecretBytesTests {
  @Test("are equal when all of them are")
  func equality() {
    #expect(SecretBytes.areEqual([], []))
    #expect(SecretBytes.areEqual([1, 2, 3], [1, 2, 3]))
    for other: [UInt8] in [[], [1, 2], [1, 2, 4], [0, 2, 3], [1, 2, 3, 0]] {
      #expect(!SecretBytes.areEqual([1, 2, 3], other))
    }
  }

  @Test("are gone after they are wiped")
  func wiping() {
    var bytes: [UInt8] = [1, 2, 3]
    SecretBytes.wipe(&bytes)
    #expect(bytes == [0, 0, 0])
  }

  @Test("differ each time they are made at random")
  func randomness() throws {
    let first = try #require(RandomBytes.system.next(16))
    #expect(first.count == 16 && RandomBytes.system.next(16) != first)
    #expect(RandomBytes { _ in nil }.next(1) == nil)
  }
}
