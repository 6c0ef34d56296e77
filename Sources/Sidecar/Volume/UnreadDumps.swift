import JSON
import Synchronization

/// The dumps that could not be read to their ends at the last attempt, so that nothing waits for their copies.
final class UnreadDumps: Sendable {
  private let names = Mutex<Set<UTF8Key>>([])

  /// Takes in an attempt to read a dump.
  func note(_ name: String, isRead: Bool) {
    names.withLock { names in
      names.remove(UTF8Key(name))
      guard !isRead else { return }
      names.insert(UTF8Key(name))
    }
  }

  /// Whether the last attempt failed.
  func contains(_ name: String) -> Bool { names.withLock { $0.contains(UTF8Key(name)) } }

  /// Forgets dumps that are gone.
  func forgetAll(except kept: Set<UTF8Key>) { names.withLock { $0.formIntersection(kept) } }
}
