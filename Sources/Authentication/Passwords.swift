import FoundationEssentials
package import JSON
package import NIOPosix
import Synchronization

/// Hashes and checks passwords on threads of their own: one check keeps a core busy for about 200 ms.
package final class Passwords: Sendable {
  private let threads: NIOThreadPool
  private let waiting = Mutex(0)

  /// At 5 checks a second and core, whoever comes later would wait longer than a client does.
  private static let maximumWaiting = 64

  /// - Parameter threads: started, and of no more threads than cores are to be spent on passwords.
  package init(threads: NIOThreadPool) {
    self.threads = threads
  }

  /// - Returns: the hash in the shape in which documents hold it.
  package func hash(_ password: String) async throws -> JSONValue {
    Self.document(of: try await run { try BCrypt.hash(password) })
  }

  /// Whether a password is the one whose hash a document holds. Without a hash it takes as long and is false.
  package func verify(_ password: String, against stored: JSONValue?) async throws -> Bool {
    let hash = stored.flatMap(Self.hash(in:)).flatMap { $0.hasPrefix("$2") ? $0 : nil }
    return try await run {
      let matches = BCrypt.verify(password, against: hash ?? Self.nobody)
      return hash != nil && matches
    }
  }

  private func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    let isAdmitted = waiting.withLock { count in
      guard count < Self.maximumWaiting else { return false }
      count += 1
      return true
    }
    guard isAdmitted else { throw AuthenticationError(.busy) }
    defer { waiting.withLock { $0 -= 1 } }
    return try await threads.runIfActive(body)
  }

  /// A hash at the usual cost that no password has: its last characters are no digest that was computed.
  static let nobody = "$2b$12$abcdefghijklmnopqrstuuAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
}

extension Passwords {
  /// Bytes in a document: `{"__type__": "bytes", "data": "<base64>"}`, as in the peer's dumps.
  package static func document(of hash: String) -> JSONValue {
    ["__type__": "bytes", "data": .string(Data(hash.utf8).base64EncodedString())]
  }

  /// The hash in a document: bytes, or the plain text that an import may have brought.
  static func hash(in value: JSONValue) -> String? {
    if let text = value.string { return text }
    guard let data = value.object?["data"]?.string.flatMap({ Data(base64Encoded: $0) }) else { return nil }
    return String(validating: data, as: UTF8.self)
  }
}
