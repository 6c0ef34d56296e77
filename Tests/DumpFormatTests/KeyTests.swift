import Testing

@testable import DumpFormat

@Suite("What is derived from a key")
struct KeyTests {
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
