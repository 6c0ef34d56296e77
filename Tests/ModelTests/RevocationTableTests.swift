import DocumentStore
import JSON
import Model
import Testing

@Suite("The table of revocations")
struct RevocationTableTests {
  private func tokens(_ test: TestModel) -> RevocationTable { test.model.version().revocations }

  @Test("has single tokens and all tokens of a user, until their documents are deleted")
  func subjects() throws {
    let test = try TestModel([
      (Collections.revocations, ["type": "jti", "jti": "t", "username": "u"]),
      (Collections.revocations, ["type": "revoke_all", "username": "v"]),
      (Collections.revocations, ["type": "other", "jti": "x", "username": "x"]),
      (Collections.revocations, ["type": "jti", "jti": 7]),
    ])
    #expect(tokens(test).isRevoked(username: "u", tokenID: "t"))
    #expect(!tokens(test).isRevoked(username: "u", tokenID: "s"))
    #expect(!tokens(test).isRevoked(username: "u"))
    #expect(tokens(test).isRevoked(username: "v", tokenID: "s"))
    #expect(!tokens(test).isRevoked(username: "x", tokenID: "x"))
    try test.delete(.fields(["jti": "t"]), from: Collections.revocations)
    try test.delete(.fields(["username": "v"]), from: Collections.revocations)
    #expect(!tokens(test).isRevoked(username: "u", tokenID: "t"))
    #expect(!tokens(test).isRevoked(username: "v", tokenID: "s"))
  }

  @Test("keeps a token revoked while another document revokes it")
  func twice() throws {
    let test = try TestModel([
      (Collections.revocations, ["_id": "1", "type": "jti", "jti": "t", "username": "u"]),
      (Collections.revocations, ["_id": "2", "type": "jti", "jti": "t", "username": "u"]),
    ])
    try test.delete(.fields(["_id": "1"]), from: Collections.revocations)
    #expect(tokens(test).isRevoked(username: "u", tokenID: "t"))
    try test.delete(.fields(["_id": "2"]), from: Collections.revocations)
    #expect(!tokens(test).isRevoked(username: "u", tokenID: "t"))
  }

  @Test("tells names apart by their bytes")
  func bytes() throws {
    let test = try TestModel([(Collections.revocations, ["type": "revoke_all", "username": "r\u{E9}"])])
    #expect(tokens(test).isRevoked(username: "r\u{E9}"))
    #expect(!tokens(test).isRevoked(username: "re\u{301}"))
  }

  @Test("agrees with the store after random changes")
  func random() throws {
    var generator = SystemRandomNumberGenerator()
    let test = try TestModel()
    for _ in 0..<300 {
      let (token, user) = (
        "t\(Int.random(in: 0..<6, using: &generator))", "u\(Int.random(in: 0..<4, using: &generator))"
      )
      let fields: JSONObject =
        Bool.random(using: &generator)
        ? ["type": "jti", "jti": .string(token), "username": .string(user)]
        : ["type": "revoke_all", "username": .string(user)]
      switch Int.random(in: 0..<4, using: &generator) {
      case 0, 1: try test.insert(fields, into: Collections.revocations)
      case 2: try test.delete(.fields(["jti": token]), from: Collections.revocations)
      default: try test.set(["username": .string(user)], of: .fields(["jti": token]), in: Collections.revocations)
      }
      let documents = test.store.snapshot().find(in: Collections.revocations, .everything)
      for number in 0..<6 {
        let isThere = documents.contains { $0.string("type") == "jti" && $0.string("jti") == "t\(number)" }
        #expect(tokens(test).isRevoked(username: "nobody", tokenID: "t\(number)") == isThere)
      }
      for number in 0..<4 {
        let isThere = documents.contains { $0.string("type") == "revoke_all" && $0.string("username") == "u\(number)" }
        #expect(tokens(test).isRevoked(username: "u\(number)") == isThere)
      }
    }
  }
}
