package import DocumentStore
package import HTTPAPI

/// Changes the store for requests, and says when a change may be acknowledged.
package struct StateWriter: Sendable {
  private let store: DocumentStore
  private let commitLog: any CommitLog
  private let standby: @Sendable () -> Standby?
  private let isSealed: @Sendable () -> Bool
  private let isSaved: @Sendable () -> Bool

  /// A writer of a store.
  ///
  /// - Parameters:
  ///   - commitLog: keeps each change before the change is acknowledged.
  ///   - standby: asked before each change, at its commit, and before it is acknowledged. It returns `nil` while
  ///     changes are accepted.
  ///   - isSealed: whether changes have ended, with the snapshot of the last dump or without one. Asked at each commit.
  ///   - isSaved: whether the last dump is safe. Asked before a change is acknowledged.
  package init(
    store: DocumentStore, commitLog: any CommitLog, standby: @escaping @Sendable () -> Standby?,
    isSealed: @escaping @Sendable () -> Bool, isSaved: @escaping @Sendable () -> Bool
  ) {
    self.store = store
    self.commitLog = commitLog
    self.standby = standby
    self.isSealed = isSealed
    self.isSaved = isSaved
  }

  /// Changes the store if a dump can still hold the change at its commit. It returns when the log of commits has the
  /// change. If there is nothing to change, it returns when the log has the changes of others that made it so.
  ///
  /// - Throws: what the body throws, and then nothing changed. 503 `GTW504` when the log does not take the change,
  ///   which was made in memory.
  package func write<Value: Sendable>(_ body: (inout Transaction) throws -> Value) async throws -> Value {
    let result = try store.write(permit: { () throws in try permit() }, body)
    do {
      if let commit = result.commit {
        try await commitLog.append(commit)
      } else {
        try await commitLog.confirm(through: store.snapshot().sequence)
      }
    } catch {
      throw Self.unacknowledged("it could not be kept: \(error)")
    }
    return result.value
  }

  /// Refuses a change that no dump would hold.
  ///
  /// - Throws: 503 `GTW504` or `GTW503`.
  package func permit() throws(APIError) {
    guard !isSealed() else { throw .stopping }
    try requireWriter()
    if let obstacle = commitLog.obstacle { throw APIError(503, "GTW504", "Nothing was changed: \(obstacle)") }
  }

  /// Refuses a request that only the task that writes can answer.
  ///
  /// - Throws: 503 `GTW504`.
  package func requireWriter() throws(APIError) {
    guard let standby = standby() else { return }
    throw APIError(503, "GTW504", "Nothing was changed: \(standby.reason)", isForOthers: standby.isForOthers)
  }

  /// Refuses to acknowledge a change unless this task is certain to be the writer.
  ///
  /// - Throws: 503 `GTW504`.
  package func acknowledge() throws(APIError) {
    // A change before the snapshot of the last dump is in that dump. Changes also end without one, when the lease is
    // lost.
    guard !isSaved(), let standby = standby() else { return }
    throw Self.unacknowledged(standby.reason)
  }

  private static func unacknowledged(_ reason: String) -> APIError {
    APIError(
      503, "GTW504", "The change was made here, but may be lost: \(reason). Read it back before you make it again")
  }
}

extension APIError {
  /// The answer to a request that comes too late.
  static let stopping = APIError(
    503, "GTW503", "The gateway is stopping; call another instance or try again after the restart", isForOthers: true)
}
