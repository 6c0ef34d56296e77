import DocumentStore
import JSON
import Model
import Synchronization
import Testing

@Suite("The current model")
struct CurrentModelTests {
  private let user: JSONObject = ["username": "alice", "role": "dev"]
  private let role: JSONObject = ["role_name": "dev", "manage_apis": true]

  @Test("has the changes of a write when the write has returned")
  func follows() throws {
    let test = try TestModel([(Collections.users, user), (Collections.roles, role)])
    #expect(Requester(username: "alice", in: test.model.version())?.permissions == [.manageAPIs])
    try test.set(["manage_users": true], of: .fields(["role_name": "dev"]), in: Collections.roles)
    #expect(Requester(username: "alice", in: test.model.version())?.permissions == [.manageAPIs, .manageUsers])
    try test.set(["role": "other"], of: .fields(["username": "alice"]), in: Collections.users)
    #expect(Requester(username: "alice", in: test.model.version())?.permissions == [])
    try test.delete(.fields(["username": "alice"]), from: Collections.users)
    #expect(test.model.version().user("alice") == nil)
    try test.insert(["type": "security_settings", "enable_auto_save": true], into: Collections.settings)
    #expect(test.model.version().settings.autoSaveEnabled)
    try test.insert(["type": "revoke_all", "username": "bob"], into: Collections.revocations)
    #expect(test.model.version().revocations.isRevoked(username: "bob"))
    #expect(test.model.version().sequence == test.store.snapshot().sequence)
  }

  @Test("shows a commit only when those who followed the store before, as a journal does, have heard of it")
  func order() throws {
    let store = DocumentStore(schemas: Collections.schemas)
    let model = Mutex<CurrentModel?>(nil)
    let shown = Mutex<[UInt64?]>([])
    _ = store.subscribe { _ in
      let version = model.withLock { $0 }?.version()
      shown.withLock { $0.append(version?.sequence) }
    }
    let following = CurrentModel(following: store, defaults: TestModel.defaults)
    model.withLock { $0 = following }
    for name in ["a", "b"] {
      try store.write { (transaction) throws(StoreError) in
        try transaction.insert(["group_name": .string(name)], into: Collections.groups)
      }
    }
    #expect(shown.withLock { $0 } == [0, 1])
    #expect(following.version().sequence == 2)
  }

  @Test("keeps an older version as it was")
  func versions() throws {
    let test = try TestModel([(Collections.users, user), (Collections.roles, role)])
    let before = test.model.version()
    try test.set(["active": false], of: .fields(["username": "alice"]), in: Collections.users)
    try test.set(["manage_apis": false], of: .fields(["role_name": "dev"]), in: Collections.roles)
    #expect(Requester(username: "alice", in: test.model.version()) == nil)
    #expect(Requester(username: "alice", in: before)?.permissions == [.manageAPIs])
    #expect(before.first(in: Collections.roles, .everything)?.value("manage_apis") == true)
  }

  @Test("decodes an older state once, and keeps it until it is told not to")
  func older() throws {
    let test = try TestModel([(Collections.users, user), (Collections.roles, role)])
    let snapshot = test.store.snapshot()
    #expect(test.model.version(of: snapshot) === test.model.version())
    try test.set(["manage_apis": false], of: .fields(["role_name": "dev"]), in: Collections.roles)
    let older = test.model.version(of: snapshot)
    #expect(older.sequence == snapshot.sequence)
    #expect(Requester(username: "alice", in: older)?.permissions == [.manageAPIs])
    #expect(Requester(username: "alice", in: test.model.version())?.permissions == [])
    try test.set(["manage_apis": true], of: .fields(["role_name": "dev"]), in: Collections.roles)
    #expect(test.model.version(of: snapshot) === older)
    test.model.forgetOlder()
    #expect(test.model.kept(snapshot) == nil)
    #expect(test.model.version(of: snapshot) !== older)
  }

  @Test("has what the store had before it, and what a restore puts in its place")
  func beginnings() throws {
    let test = try TestModel([(Collections.users, user), (Collections.roles, role)])
    let later = CurrentModel(following: test.store, defaults: TestModel.defaults)
    #expect(Requester(username: "alice", in: later.version())?.permissions == [.manageAPIs])
    try test.replaceAll([
      (Collections.users, ["username": "bob", "role": "ops"]),
      (Collections.roles, ["role_name": "ops", "view_logs": true]),
      (Collections.settings, ["type": "security_settings", "auto_save_frequency_seconds": 60]),
      (Collections.revocations, ["type": "jti", "jti": "t", "username": "bob"]),
    ])
    for model in [test.model, later] {
      let version = model.version()
      #expect(version.user("alice") == nil)
      #expect(Requester(username: "bob", in: version)?.permissions == [.viewLogs])
      #expect(version.roles["dev"] == nil)
      #expect(version.settings.autoSaveFrequency == 60)
      #expect(version.revocations.isRevoked(username: "bob", tokenID: "t"))
    }
  }

  @Test("decodes a document once for each change of it")
  func decodings() throws {
    let test = try TestModel([(Collections.roles, role)])
    #expect(test.model.version().roles.decodings == 1)
    for number in 0..<20 {
      try test.insert(["username": .string("user\(number)"), "role": "dev"], into: Collections.users)
      #expect(Requester(username: "user\(number)", in: test.model.version())?.permissions == [.manageAPIs])
    }
    #expect(test.model.version().roles.decodings == 1)
    try test.set(["manage_apis": false], of: .everything, in: Collections.roles)
    try test.insert(["role_name": "ops"], into: Collections.roles)
    #expect(test.model.version().roles.decodings == 3)
    try test.insert(["type": "jti", "jti": "t", "username": "u"], into: Collections.revocations)
    #expect(test.model.version().roles.decodings == 3)
    #expect(test.model.version().revocations.decodings == 1)
  }

  @Test("shows a snapshot and decoded values of the same state, whoever reads while others write")
  func consistency() async throws {
    let test = try TestModel()
    try test.insert(["role_name": "dev", "mark": 0], into: Collections.roles)
    try test.insert(["username": "u", "role": "dev", "email": "0"], into: Collections.users)
    try test.insert(["type": "security_settings", "auto_save_frequency_seconds": 1000], into: Collections.settings)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        for number in 1...500 {
          try test.store.write { (transaction) throws(StoreError) in
            try transaction.update(in: Collections.users, .everything, [.set("email", .string("\(number)"))])
            try transaction.update(
              in: Collections.settings, .everything, [.set("auto_save_frequency_seconds", .integer(1000 + number))])
          }
        }
      }
      for _ in 0..<3 {
        group.addTask {
          var last = 0
          while last < 500 {
            let version = test.model.version()
            let number = try #require(
              version.first(in: Collections.users, .everything)?.string("email").flatMap(Int.init))
            #expect(version.user("u")?.email == "\(number)")
            #expect(version.settings.autoSaveFrequency == 1000 + number)
            #expect(number >= last)
            last = number
          }
        }
      }
      try await group.waitForAll()
    }
  }
}
