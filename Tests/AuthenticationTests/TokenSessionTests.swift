import Authentication
import DocumentStore
import JSON
import Model
import Testing

@Suite("The session of a token")
struct TokenSessionTests {
  private let store = DocumentStore(schemas: Collections.schemas)
  private let model: CurrentModel

  init() throws {
    model = CurrentModel(
      following: store,
      defaults: SecuritySettings.Defaults(
        enableAutoSave: false, autoSaveFrequencySeconds: 900, dumpPath: "/d/x.bin", allowLocalhostBypass: true))
    try store.write { (transaction) throws(StoreError) in
      try transaction.insert(["username": "alice", "role": "dev"], into: Collections.users)
      try transaction.insert(["role_name": "dev", "manage_apis": true], into: Collections.roles)
    }
  }

  private func tokens() async throws -> Tokens { try await Tokens(keys: [TokenKey(secret: "secret of the test")]) }

  private func token(_ tokens: Tokens) throws -> String {
    let requester = try #require(Requester(username: "alice", in: model.version()))
    return try tokens.sign(AccessToken(requester: requester, mayUseInterface: false, now: 1000, lifetime: 60))
  }

  private func insert(_ fields: JSONObject, into collection: String) throws {
    try store.write { (transaction) throws(StoreError) in try transaction.insert(fields, into: collection) }
  }

  private func set(_ field: String, _ value: JSONValue, in collection: String) throws {
    try store.write { (transaction) throws(StoreError) in
      try transaction.update(in: collection, .everything, [.set(FieldPath(field: field), value)])
    }
  }

  @Test("has the permissions that the user has now, not those of the token")
  func permissions() async throws {
    let tokens = try await tokens()
    let text = try token(tokens)
    #expect(tokens.session(of: text, in: model.version(), now: 1001)?.requester.permissions == [.manageAPIs])
    try set("manage_apis", false, in: Collections.roles)
    let session = try #require(tokens.session(of: text, in: model.version(), now: 1001))
    #expect(session.requester.permissions == [])
    #expect(session.token.accesses["manage_apis"] == true)
  }

  @Test("ends when the token expires or is revoked, alone or with all of its user")
  func revocations() async throws {
    let tokens = try await tokens()
    let text = try token(tokens)
    #expect(tokens.session(of: text, in: model.version(), now: 1060) == nil)
    #expect(tokens.session(of: text + "x", in: model.version(), now: 1001) == nil)
    let before = model.version()
    let id = try #require(tokens.session(of: text, in: before, now: 1001)).token.jti
    try insert(["type": "jti", "jti": .string(id), "username": "alice"], into: Collections.revocations)
    #expect(tokens.session(of: text, in: model.version(), now: 1001) == nil)
    #expect(tokens.session(of: text, in: before, now: 1001) != nil)
    let other = try token(tokens)
    #expect(tokens.session(of: other, in: model.version(), now: 1001) != nil)
    try insert(["type": "revoke_all", "username": "alice"], into: Collections.revocations)
    #expect(tokens.session(of: other, in: model.version(), now: 1001) == nil)
  }

  @Test("ends when its user is disabled or deleted")
  func users() async throws {
    let tokens = try await tokens()
    let text = try token(tokens)
    try set("active", false, in: Collections.users)
    #expect(tokens.session(of: text, in: model.version(), now: 1001) == nil)
    try set("active", true, in: Collections.users)
    #expect(tokens.session(of: text, in: model.version(), now: 1001) != nil)
    try store.write { (transaction) throws(StoreError) in
      transaction.delete(from: Collections.users, .everything)
    }
    #expect(tokens.session(of: text, in: model.version(), now: 1001) == nil)
  }
}
