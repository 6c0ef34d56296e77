import DocumentStore
import DumpFormat
import JSON
import Persistence
import Rules

/// Replaces the store's state, together with the accounts that the environment defines.
struct StateInstaller: Sendable {
  let store: DocumentStore
  let commitLog: any CommitLog
  let accounts: EnvironmentAccounts
  let dumper: Dumper

  /// Starts without a dump. The accounts' passwords are set later.
  func startFresh() throws {
    let accounts = accounts
    let obstacles = try Journal.$comesAgain.withValue(true) {
      try store.write { (transaction) throws(RuleViolation) in try accounts.apply(to: &transaction, hashes: nil) }.value
    }
    accounts.report(obstacles)
  }

  /// Starts with a restored dump, whose contents count as saved. The accounts keep the passwords in the dump for now.
  func start(with restored: Ladder.Restored) async throws {
    putInPlace(restored)
    await dumper.markRestored(restored)
    try startFresh()
  }

  /// Puts the state of another task in place, without any change. Its accounts are those of the other task.
  func follow(_ restored: Ladder.Restored, restorer: Restorer) async throws {
    try await restorer.run { putInPlace(restored) }
    await dumper.markChanged(since: Dumper.Origin(restored))
  }

  /// Replaces the store's contents with a state of the volume, from which the journal goes on.
  private func putInPlace(_ restored: Ladder.Restored) {
    dumper.changes?.note(restored.replay)
    Journal.$installedState.withValue(restored.replay?.end) {
      Journal.$comesAgain.withValue(true) {
        _ = store.replaceAll(with: restored.contents) { _, _ in }
      }
    }
  }

  /// Replaces a state that is in use with a restored dump. In the same commit it keeps the accounts' passwords and all
  /// tokens that were revoked since the dump.
  ///
  /// - Parameter permit: called just before the commit. If it throws, nothing changes.
  func replaceOnRequest(
    _ restored: Ladder.Restored, restorer: Restorer, permit: @escaping @Sendable () throws -> Void
  ) async throws {
    let commit = try await replace(with: restored, restorer, as: nil, comesAgain: false, permit: permit) {
      (transaction, before) throws(RuleViolation) in
      try Revocations.carryOver(from: before, into: &transaction)
    }
    do {
      try await commitLog.append(commit)
    } catch {
      throw NotKept(cause: "\(error)")
    }
  }

  /// A state was put in place, and is not safe on the volume.
  struct NotKept: Error {
    let cause: String
  }

  /// Replaces the present state with one that another task dumped, and sets the accounts' passwords in the same commit.
  /// Nothing else of the present state is kept, because the other task's state is newer in every respect.
  func replaceByOtherTask(_ restored: Ladder.Restored, restorer: Restorer) async throws {
    dumper.changes?.note(restored.replay)
    _ = try await replace(with: restored, restorer, as: restored.replay?.end, comesAgain: true, permit: nil) {
      (_, _) throws(RuleViolation) in
    }
    await dumper.markChanged(since: Dumper.Origin(restored))
  }

  private func replace(
    with restored: Ladder.Restored, _ restorer: Restorer, as start: JournalStart?, comesAgain: Bool,
    permit: (@Sendable () throws -> Void)?,
    adjust: @escaping @Sendable (inout Transaction, Snapshot) throws(RuleViolation) -> Void
  ) async throws -> Commit {
    let hashes = try await accounts.hashes()
    let (store, accounts) = (store, accounts)
    let (commit, obstacles) = try await restorer.run {
      var obstacles = EnvironmentAccounts.Obstacles()
      let commit = try Journal.$installedState.withValue(start) {
        try Journal.$comesAgain.withValue(comesAgain) {
          try store.replaceAll(with: restored.contents, permit: permit) { (transaction, before) throws in
            try adjust(&transaction, before)
            obstacles = try accounts.apply(to: &transaction, hashes: hashes)
          }
        }
      }
      return (commit, obstacles)
    }
    accounts.report(obstacles)
    return commit
  }
}
