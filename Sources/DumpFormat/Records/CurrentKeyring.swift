import Threads

/// The keys of a process, which can be replaced while it runs. A class: all parts of the process share it. A file that
/// is being written keeps the key that it began with.
package final class CurrentKeyring: Sendable {
  private let keyring: Lock<DumpKeyring>

  /// Begins with these keys.
  package init(_ keyring: DumpKeyring) {
    self.keyring = Lock(keyring)
  }

  /// The keys in force.
  package var present: DumpKeyring { keyring.withLock { $0 } }

  /// Puts other keys in force. Those before still decrypt.
  ///
  /// - Returns: the keys before.
  @discardableResult
  package func replace(with new: DumpKeyring) -> DumpKeyring {
    keyring.withLock { keyring in
      defer { keyring = keyring.replaced(by: new) }
      return keyring
    }
  }
}
