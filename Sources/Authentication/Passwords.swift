import Cryptography
import FoundationEssentials
package import JSON
import NIOPosix
import Synchronization
import Threads

/// Hashes and checks passwords on threads of their own: one check keeps a core busy for about 200 ms.
///
/// Passwords of the gateway's own accounts have a thread to themselves. Whoever knows none of them can't make a start,
/// a take-over of the lease, a restore or the sidecar's login wait. Calls go before the hashes of callers.
package final class Passwords: Sendable {
  private let threads: NIOThreadPool
  private let ownThread = NIOThreadPool(numberOfThreads: 1)
  private let own: [[UInt8]]
  /// For each of `own` a hash of it, once there is one.
  private let ownHashes: Mutex<[JSONValue?]>
  private let waiting = Mutex(0)

  /// At 5 checks a second and core, whoever comes later would wait longer than a client does.
  private static let maximumWaiting = 64

  /// - Parameters:
  ///   - threads: for the passwords of callers; no more than cores are to be spent on them.
  ///   - own: passwords that the environment gives.
  package init(threads: Int, own: [String]) {
    self.threads = NIOThreadPool(numberOfThreads: threads)
    self.own = own.map { Array($0.utf8) }
    ownHashes = Mutex(Array(repeating: nil, count: own.count))
    self.threads.start()
    ownThread.start()
  }

  deinit {
    for pool in [threads, ownThread] { pool.shutdownGracefully { _ in } }
  }

  /// Whether a password is one of the gateway's own accounts. Takes the same time wherever the texts differ.
  package func isOwn(_ password: String) -> Bool { index(of: password) != nil }

  /// A hash of a password of the gateway's own accounts. It is computed once; whatever needs it later has it at once.
  ///
  /// Never for the password of a user: two documents with the same hash would say that their passwords are the same.
  ///
  /// - Returns: the hash in the shape in which documents hold it.
  package func ownHash(_ password: String) async throws -> JSONValue {
    if let known = knownHash(of: password) { return known }
    let hash = try await hash(password)
    return remember(hash, of: password)
  }

  /// - Returns: the hash in the shape in which documents hold it.
  package func hash(_ password: String) async throws -> JSONValue {
    Self.document(of: try await run(password) { try Self.bcrypt(password) })
  }

  /// Whether a password is the one whose hash a document holds. Without a hash it takes as long and is false.
  package func verify(_ password: String, against stored: JSONValue?) async throws -> Bool {
    // Only somebody who knows the password comes here, so the time that this saves tells nothing.
    if let stored, stored == knownHash(of: password) { return true }
    let hash = stored.flatMap(Self.hash(in:)).flatMap { $0.beginsWithBytes("$2") ? $0 : nil }
    let isRight = try await run(password) {
      let matches = BCrypt.verify(password, against: hash ?? Self.nobody)
      return hash != nil && matches
    }
    if isRight, let stored { _ = remember(stored, of: password) }
    return isRight
  }

  private func index(of password: String) -> Int? {
    let password = Array(password.utf8)
    // All of them are looked at, so that time tells nothing of them.
    return own.indices.reduce(nil) { SecretBytes.areEqual(own[$1], password) ? $0 ?? $1 : $0 }
  }

  private func knownHash(of password: String) -> JSONValue? {
    index(of: password).flatMap { index in ownHashes.withLock { $0[index] } }
  }

  /// Keeps a hash of an own password, unless there is one by now.
  ///
  /// - Returns: the one that is kept.
  private func remember(_ hash: JSONValue, of password: String) -> JSONValue {
    guard let index = index(of: password) else { return hash }
    return ownHashes.withLock { hashes in
      let kept = hashes[index] ?? hash
      hashes[index] = kept
      return kept
    }
  }

  private func run<Value: Sendable>(
    _ password: String, _ body: @escaping @Sendable () throws -> Value
  ) async throws -> Value {
    if isOwn(password) { return try await ownThread.runIfActive(body) }
    let isAdmitted = waiting.withLock { count in
      guard count < Self.maximumWaiting else { return false }
      count += 1
      return true
    }
    guard isAdmitted else { throw AuthenticationError(.busy) }
    defer { waiting.withLock { $0 -= 1 } }
    return try await threads.runIfActive { try SystemThread.runBehindCalls(body) }
  }

  /// A hash at the usual cost that no password has: its last characters are no digest that was computed.
  static let nobody = "$2b$12$abcdefghijklmnopqrstuuAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
}

extension Passwords {
  private static func bcrypt(_ password: String) throws(AuthenticationError) -> String {
    do {
      return try BCrypt.hash(password)
    } catch {
      throw AuthenticationError(.hashingFailed)
    }
  }

  /// Bytes in a document: `{"__type__": "bytes", "data": "<base64>"}`, as in Doorman's dumps.
  package static func document(of hash: String) -> JSONValue {
    ["__type__": "bytes", "data": .string(String(decoding: Base64.standard.encode(Array(hash.utf8)), as: UTF8.self))]
  }

  /// The hash in a document: bytes, or the plain text that an import may have brought.
  static func hash(in value: JSONValue) -> String? {
    if let text = value.string { return text }
    guard let text = value.object?["data"]?.string, let data = Base64.standard.decode(Array(text.utf8)[...]) else {
      return nil
    }
    return String(validating: data, as: UTF8.self)
  }
}
