import Authentication
import DocumentStore
import JSON
import Logging
import Resources
import Settings

/// Keeps the sidecar's account as the environment says, so that both containers share one secret and the admin's stays
/// out of the sidecar.
struct SidecarAccountKeeper: Sendable {
  let store: DocumentStore
  let passwords: Passwords
  /// `nil` when `SIDECAR_USERNAME` is not set: then there is nothing to keep.
  let login: Configuration.SidecarLogin?
  let logger: Logger

  /// Makes the account, or sets it right. What is right already stays, so that a restart changes nothing.
  func keep() async throws {
    guard let login else { return }
    let account = SidecarAccount(username: login.username)
    let snapshot = store.snapshot()
    guard !account.isTaken(in: snapshot) else {
      logger.error(
        "SIDECAR_USERNAME is the name of another user, who stays as it is: the sidecar can't log in. Choose a name that nobody has",
        metadata: ["user.name": "\(login.username)"])
      return
    }
    let password = login.password.reveal()
    let isRight = try await passwords.verify(password, against: account.password(in: snapshot))
    guard !isRight || !account.isComplete(in: snapshot) else { return }
    let hash = try await passwords.hash(password)
    try store.write { (transaction) throws(Refusal) in
      // It may have come to be another's while the password was hashed.
      guard !account.isTaken(in: transaction) else { return }
      try account.complete(&transaction, password: hash)
    }
    logger.notice("the sidecar's account is set", metadata: ["user.name": "\(login.username)"])
  }
}
