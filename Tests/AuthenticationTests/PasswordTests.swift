import Cryptography
import Foundation
import JSON
import Model
import Synchronization
import Testing

@testable import Authentication

private final class Counter: Sendable {
  private let count = Mutex(0)

  var value: Int { count.withLock { $0 } }

  func increase() { count.withLock { $0 += 1 } }
}

@Suite("Passwords")
struct PasswordTests {
  private func withPasswords<Value>(_ body: (Passwords) async throws -> Value) async throws -> Value {
    try await body(Passwords(threads: 1, own: ["Own-Passw0rd!of-the-service"]))
  }

  @Test("of the gateway's own accounts are checked however many others wait, and nobody else's are")
  func own() async throws {
    try await withPasswords { (passwords: Passwords) async throws in
      #expect(passwords.isOwn("Own-Passw0rd!of-the-service"))
      let others = ["", "Own-Passw0rd!of-the-servic", "Own-Passw0rd!of-the-service ", "own-Passw0rd!of-the-service"]
      #expect(!others.contains { passwords.isOwn($0) })
      let hash = try await passwords.hash("Own-Passw0rd!of-the-service")
      let finished = Counter()
      try await withThrowingTaskGroup(of: Bool.self) { (group: inout ThrowingTaskGroup<Bool, any Error>) async throws in
        for _ in 0..<100 {
          group.addTask {
            let isRight = try await passwords.verify("of a flood", against: nil)
            finished.increase()
            return isRight
          }
        }
        // Once one is refused, 64 wait.
        while case .success? = await group.nextResult() {}
        let before = finished.value
        #expect(try await passwords.verify("Own-Passw0rd!of-the-service", against: hash))
        // One thread works on each kind, so about as many were checked meanwhile.
        #expect(finished.value - before < 32)
        group.cancelAll()
        while let _ = await group.nextResult() {}
      }
    }
  }

  @Test("of the gateway's own accounts are hashed once for these, and anew for a user who has the same one")
  func ownHashes() async throws {
    try await withPasswords { (passwords: Passwords) async throws in
      let own = "Own-Passw0rd!of-the-service"
      let first = try await passwords.ownHash(own)
      #expect(try await passwords.ownHash(own) == first)
      #expect(try await passwords.hash(own) != first)
      #expect(try await passwords.verify(own, against: first))
      #expect(try await !passwords.verify("\(own) ", against: first))
    }
    try await withPasswords { (passwords: Passwords) async throws in
      let own = "Own-Passw0rd!of-the-service"
      let stored = try await passwords.hash(own)
      #expect(try await passwords.verify(own, against: stored))
      #expect(try await passwords.ownHash(own) == stored, "the one that is in use already")
      #expect(try await !passwords.verify(own, against: Passwords.document(of: Passwords.nobody)))
    }
  }

  @Test("are hashed with bcrypt at cost 12, each with a salt of its own, and verified")
  func hashing() async throws {
    try await withPasswords { (passwords: Passwords) async throws in
      let first = try await passwords.hash("Correct-Horse-Battery-9")
      let second = try await passwords.hash("Correct-Horse-Battery-9")
      #expect(first != second)
      #expect(Passwords.hash(in: first)?.hasPrefix("$2b$12$") == true)
      #expect(try await passwords.verify("Correct-Horse-Battery-9", against: first))
      #expect(try await !passwords.verify("correct-Horse-Battery-9", against: first))
      await #expect(throws: AuthenticationError.self) { try await passwords.hash("a\u{0}b") }
    }
  }

  @Test("verify against Doorman's hashes")
  func peersHash() async throws {
    // The hash of alice, from a dump of Doorman.
    let stored: JSONValue = [
      "__type__": "bytes", "data": "JDJiJDEyJHpxcU5hWHhYMk1ldGRCR3JvRzVrc2V2TEx3UWVGd0JoUk5LckZobEpseUpVN1BjSmJCME9x",
    ]
    try await withPasswords { (passwords: Passwords) async throws in
      #expect(try await passwords.verify("Another-Passw0rd!1", against: stored))
      #expect(try await !passwords.verify("Another-Passw0rd!2", against: stored))
    }
  }

  @Test(
    "of nobody cost a hash and match nothing", arguments: [nil, .null, "", "plain", ["data": "%%%"]] as [JSONValue?])
  func nobody(stored: JSONValue?) async throws {
    try await withPasswords { (passwords: Passwords) async throws in
      for password in ["", "plain", "%%%"] { #expect(try await !passwords.verify(password, against: stored)) }
    }
  }

  @Test("of an unknown user are really computed")
  func effort() {
    // crypt answers a malformed setting at once: then an unknown name would answer faster than a known one.
    #expect(BCrypt.computes(Passwords.nobody))
  }
}
