import Authentication
import DocumentStore
import DumpFormat
import JSON
import Logging
import Persistence
import Resources
import Settings

/// Puts a state in place, with the admin's e-mail address and password from the environment.
struct Installation: Sendable {
  let store: DocumentStore
  let firstStart: FirstStart
  let passwords: Passwords
  let password: Secret
  let sidecar: SidecarAccountKeeper
  let dumper: Dumper
  let logger: Logger

  /// Makes a store without a dump ready.
  func begin() async throws {
    let hash = try await passwords.hash(password.reveal())
    try complete(password: hash)
    try await sidecar.keep()
  }

  /// Makes a restored dump the present state. Called at the start: what the dump holds counts as saved.
  func begin(with restored: Ladder.Restored) async throws {
    store.replaceAll(with: restored.contents) { _, _ in }
    await dumper.markSaved(in: Dumper.Origin(restored))
    let admin = Users.find(Users.admin, in: store.snapshot())
    // The same password keeps its hash, so that a restart changes nothing and needs no new dump.
    if try await passwords.verify(password.reveal(), against: admin?.value("password")) {
      try complete(password: nil)
      try await sidecar.keep()
    } else {
      try await begin()
    }
  }

  /// Puts a dump in the place of a state that is in use, in one step with the admin's password and the tokens that were
  /// revoked since.
  ///
  /// - Parameter permit: asked at the moment of the change; what it throws leaves all as it was.
  func install(
    _ restored: Ladder.Restored, restorer: Restorer, permit: @escaping @Sendable () throws(Refusal) -> Void
  ) async throws {
    let hash = try await passwords.hash(password.reveal())
    let (store, firstStart) = (store, firstStart)
    try await restorer.run {
      try store.replaceAll(with: restored.contents, permit: permit) { (transaction, before) throws(Refusal) in
        try Revocations.carryOver(from: before, into: &transaction)
        _ = try firstStart.complete(&transaction, password: hash)
      }
    }
    try await sidecar.keep()
  }

  /// Puts what another task dumped in the place of the present state, in one step with the admin's password. Nothing of
  /// the present state is carried over: the other's is the newer in all.
  func follow(_ restored: Ladder.Restored, restorer: Restorer) async throws {
    let hash = try await passwords.hash(password.reveal())
    let (store, firstStart) = (store, firstStart)
    try await restorer.run {
      try store.replaceAll(with: restored.contents) { (transaction, _) throws(Refusal) in
        _ = try firstStart.complete(&transaction, password: hash)
      }
    }
    await dumper.markChanged(since: Dumper.Origin(restored))
  }

  private func complete(password: JSONValue?) throws {
    let isEmailSet = try store.write { (transaction) throws(Refusal) in
      try firstStart.complete(&transaction, password: password)
    }
    if !isEmailSet {
      logger.warning(
        "another user has the e-mail address of DOORMAN_ADMIN_EMAIL; the admin keeps its own and logs in as 'admin'")
    }
  }
}

extension Dumper.Origin {
  init(_ restored: Ladder.Restored) {
    self.init(path: restored.path, createdAt: restored.summary.createdAt)
  }
}
