import DocumentStore
import DumpFormat
import JSON
import Persistence
import Resources

/// Puts a state in place, with the accounts of the environment in it.
struct StateInstaller: Sendable {
  let store: DocumentStore
  let commitLog: any CommitLog
  let accounts: EnvironmentAccounts
  let dumper: Dumper

  /// Makes a store without a dump ready. The accounts have no password yet.
  func begin() throws {
    let accounts = accounts
    accounts.report(
      try store.write { (transaction) throws(Refusal) in try accounts.complete(&transaction, hashes: nil) }.value)
  }

  /// Makes a restored dump the present state. Called at the start: what the dump holds counts as saved. The accounts have the
  /// passwords of the dump yet.
  func begin(with restored: Ladder.Restored) async throws {
    store.replaceAll(with: restored.contents) { _, _ in }
    await dumper.markSaved(in: Dumper.Origin(restored))
    try begin()
  }

  /// Puts a dump in the place of a state that is in use, in one step with the accounts' passwords and the tokens that were
  /// revoked since.
  ///
  /// - Parameter permit: asked at the moment of the change; what it throws leaves all as it was.
  func install(
    _ restored: Ladder.Restored, restorer: Restorer, permit: @escaping @Sendable () throws(Refusal) -> Void
  ) async throws {
    try await replace(with: restored, restorer, permit: permit) { (transaction, before) throws(Refusal) in
      try Revocations.carryOver(from: before, into: &transaction)
    }
  }

  /// Puts what another task dumped in the place of the present state, in one step with the accounts' passwords. Nothing of
  /// the present state is carried over: the other's is the newer in all.
  func follow(_ restored: Ladder.Restored, restorer: Restorer) async throws {
    try await replace(with: restored, restorer, permit: nil) { (_, _) throws(Refusal) in }
    await dumper.markChanged(since: Dumper.Origin(restored))
  }

  private func replace(
    with restored: Ladder.Restored, _ restorer: Restorer, permit: (@Sendable () throws(Refusal) -> Void)?,
    adjust: @escaping @Sendable (inout Transaction, Snapshot) throws(Refusal) -> Void
  ) async throws {
    let hashes = try await accounts.hashes()
    let (store, accounts) = (store, accounts)
    let (commit, obstacles) = try await restorer.run {
      var obstacles = EnvironmentAccounts.Obstacles()
      let commit = try store.replaceAll(with: restored.contents, permit: permit) {
        (transaction, before) throws(Refusal) in
        try adjust(&transaction, before)
        obstacles = try accounts.complete(&transaction, hashes: hashes)
      }
      return (commit, obstacles)
    }
    accounts.report(obstacles)
    try await commitLog.append(commit)
  }
}

extension Dumper.Origin {
  init(_ restored: Ladder.Restored) {
    self.init(path: restored.path, createdAt: restored.summary.createdAt)
  }
}
