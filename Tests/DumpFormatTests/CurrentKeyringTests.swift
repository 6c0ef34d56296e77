import Testing

@testable import DumpFormat

@Suite("The keys in force")
struct CurrentKeyringTests {
  private static func key(_ name: String) -> DumpKey { DumpKey("\(name), a key of the tests with 32 characters") }

  @Test("keep every key that was in force for decryption, once")
  func replaced() {
    let keys = CurrentKeyring(DumpKeyring(sealing: Self.key("a"), older: [Self.key("b")]))
    let before = keys.replace(with: DumpKeyring(sealing: Self.key("c"), older: [Self.key("a")]))
    #expect(before == DumpKeyring(sealing: Self.key("a"), older: [Self.key("b")]))
    #expect(keys.present == DumpKeyring(sealing: Self.key("c"), older: [Self.key("a"), Self.key("b")]))
    keys.replace(with: DumpKeyring(sealing: Self.key("a")))
    #expect(keys.present.sealing == Self.key("a"))
    #expect(keys.present.older == [Self.key("c"), Self.key("b")])
    #expect(keys.present.newest.all == [Self.key("a")])
  }

  @Test("are named by the id in their files, and short ones not at all")
  func name() throws {
    let long = DumpKeyring(sealing: Self.key("a"))
    let (_, preamble) = try SealedFileKey.create(.dump, compression: .none, key: long.sealing)
    #expect(long.name.utf8.count == 16 && Array(long.name.utf8).elementsEqual(hex(preamble.keyID)))
    #expect(DumpKeyring(sealing: Self.key("b")).name != long.name)
    #expect(DumpKeyring(sealing: DumpKey("a short key")).name == "none, as the key is short")
  }

  private func hex(_ bytes: [UInt8]) -> [UInt8] {
    bytes.flatMap { Array((String($0 >> 4, radix: 16) + String($0 & 15, radix: 16)).utf8) }
  }
}
