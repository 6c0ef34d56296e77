import Synchronization

/// The memory that the heads and bodies of all requests that are not answered yet may hold together.
///
/// The first bytes of each are free, so that small requests pass whatever others send.
package final class RequestMemory: Sendable {
  /// Bytes of a head or a body that are not counted. How many requests there are is bounded elsewhere.
  package static let free = 4096

  private let limit: Int
  private let held = Mutex(0)

  /// - Parameter limit: bytes.
  package init(limit: Int) {
    self.limit = limit
  }

  /// Bytes that are held now.
  package var count: Int { held.withLock { $0 } }

  fileprivate func take(_ bytes: Int) -> Bool {
    held.withLock { held in
      guard held + bytes <= limit else { return false }
      held += bytes
      return true
    }
  }

  fileprivate func giveBack(_ bytes: Int) {
    held.withLock { $0 -= bytes }
  }
}

extension RequestMemory {
  /// The memory of one head or body. It goes back when the last reference to this is gone.
  package final class Share {
    private let memory: RequestMemory
    private let free: Int
    private var taken = 0

    /// - Parameter free: bytes that are not counted.
    package init(of memory: RequestMemory, free: Int = RequestMemory.free) {
      self.memory = memory
      self.free = free
    }

    deinit {
      if taken > 0 { memory.giveBack(taken) }
    }

    /// Grows or shrinks to what a head or body of this size takes.
    ///
    /// - Returns: whether it could be had; if not, the share is as it was.
    @discardableResult
    package func resize(to size: Int) -> Bool {
      let wanted = max(0, size - free)
      if wanted == taken { return true }
      if wanted > taken {
        guard memory.take(wanted - taken) else { return false }
      } else {
        memory.giveBack(taken - wanted)
      }
      taken = wanted
      return true
    }
  }
}
