import Cryptography
import DumpFormat
import Threads

/// One process's end of the link: it encrypts calls and answers, and refuses what is forged, repeated or not for it.
package final class PeerEndpoint: Sendable {
  /// A call that was taken. Its answer is bound to it.
  package struct Taken: Sendable {
    /// The process that called.
    package let sender: PeerName
    /// The content, decrypted.
    package let content: [UInt8]
    fileprivate let counter: UInt64
  }

  /// A call that was encrypted, with what its answer must state.
  package struct Sent: Sendable {
    /// The encrypted call.
    package let message: [UInt8]
    fileprivate let receiver: PeerName
    fileprivate let counter: UInt64
  }

  private struct State {
    var counter: UInt64 = 0
    var replays = ReplayGuard()
  }

  /// The name of this process.
  package let name: PeerName
  private let keys: PeerKeys
  private let state = Lock(State())

  /// The end of a process.
  package init(_ name: PeerName, keys: PeerKeys) {
    (self.name, self.keys) = (name, keys)
  }

  /// Encrypts a call.
  package func call(_ receiver: PeerName, _ content: [UInt8]) async throws -> Sent {
    let counter = state.withLock { state in
      state.counter += 1
      return state.counter
    }
    let message = try PeerEnvelope.encrypt(
      content, .call, from: name, to: receiver, counter: counter, with: try await sealing(), randomness: Self.random)
    return Sent(message: message, receiver: receiver, counter: counter)
  }

  /// Decrypts the answer to a call.
  package func answer(_ message: [UInt8], to call: Sent) async throws -> [UInt8] {
    guard let envelope = PeerEnvelope(message), envelope.direction == .answer else { throw PeerRefusal.malformed }
    guard envelope.receiver == name else { throw PeerRefusal.foreignReceiver }
    guard envelope.sender == call.receiver, envelope.counter == call.counter else { throw PeerRefusal.replayed }
    return try envelope.decrypt(message, with: try await keys.present())
  }

  /// Whether a message can be for this process, by its first 128 bytes or more.
  package func expects(_ beginning: [UInt8]) -> Bool {
    guard let envelope = PeerEnvelope(beginning) else { return false }
    return envelope.direction == .call && envelope.receiver == name
  }

  /// Decrypts a call of another process. Each is taken once.
  package func take(_ message: [UInt8]) async throws -> Taken {
    guard let envelope = PeerEnvelope(message), envelope.direction == .call else { throw PeerRefusal.malformed }
    guard envelope.receiver == name else { throw PeerRefusal.foreignReceiver }
    let content = try envelope.decrypt(message, with: try await keys.present())
    // A process does not call itself, so a message of its own came back.
    guard envelope.sender != name else { throw PeerRefusal.replayed }
    try state.withLock { state throws(PeerRefusal) in try state.replays.take(envelope.counter, of: envelope.sender) }
    return Taken(sender: envelope.sender, content: content, counter: envelope.counter)
  }

  /// Encrypts the answer to a call.
  package func answer(_ call: Taken, _ content: [UInt8]) async throws -> [UInt8] {
    try PeerEnvelope.encrypt(
      content, .answer, from: name, to: call.sender, counter: call.counter, with: try await sealing(),
      randomness: Self.random)
  }

  /// The system's generator. That of OpenSSL has a state for each thread, and calls run on many.
  private static let random = RandomBytes { count in
    var generator = SystemRandomNumberGenerator()
    return (0..<count).map { _ in .random(in: .min ... .max, using: &generator) }
  }

  private func sealing() async throws -> MessageSecret {
    guard let secret = try await keys.present().first else { throw PeerRefusal.unknownKey }
    return secret
  }
}
