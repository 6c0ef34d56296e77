package import DumpFormat
import Threads

/// The keys of messages, one for each encryption key of the process. Each is derived once, on a thread of its own: a
/// short key takes about 80 ms. A class, since all parts of the process share what was derived.
package final class PeerKeys: Sendable {
  private let keyring: CurrentKeyring
  private let known = Lock<[(key: DumpKey, secret: MessageSecret)]>([])
  private let thread = Worker()

  /// The keys for a keyring, which may change.
  package init(_ keyring: CurrentKeyring) {
    self.keyring = keyring
  }

  /// The keys in force. The first one encrypts, and all decrypt.
  package func present() async throws -> [MessageSecret] {
    let keys = keyring.present.all
    if let secrets = secrets(of: keys) { return secrets }
    return try await thread.perform { [self] in
      try keys.map { key throws(DumpFormatError) in
        if let secret = secrets(of: [key])?.first { return secret }
        let secret = try MessageSecret(of: key)
        known.withLock { $0.append((key, secret)) }
        return secret
      }
    }
  }

  private func secrets(of keys: [DumpKey]) -> [MessageSecret]? {
    let known = known.withLock { $0 }
    var secrets: [MessageSecret] = []
    for key in keys {
      guard let secret = known.first(where: { $0.key == key })?.secret else { return nil }
      secrets.append(secret)
    }
    return secrets
  }
}
