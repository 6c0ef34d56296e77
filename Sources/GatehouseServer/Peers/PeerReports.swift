import Threads

/// The faults of the link that were logged, so that each is logged once.
final class PeerReports: Sendable {
  private let trouble = Lock<String?>(nil)
  private let refusals = Lock<Set<String>>([])

  /// Whether a trouble was not logged last.
  func isNew(_ sentence: String) -> Bool {
    trouble.withLock { trouble in
      defer { trouble = sentence }
      return trouble != sentence
    }
  }

  /// The trouble is over.
  ///
  /// - Returns: whether there was one.
  func end() -> Bool {
    trouble.withLock { trouble in
      defer { trouble = nil }
      return trouble != nil
    }
  }

  /// Whether a message was never refused for a reason.
  func isNewRefusal(_ reason: String) -> Bool { refusals.withLock { $0.insert(reason).inserted } }
}
