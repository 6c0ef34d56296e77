import Authentication
import Clocks
import DocumentStore
import JSON
import Logging
import Model
import Persistence
import Rules
import Settings
import Synchronization

/// The accounts that the environment defines: the admin's account and, if it is configured, the sidecar's. With an
/// account of its own, the sidecar need not know the admin's password.
///
/// Hashing a password takes about 200 ms of CPU time. A start therefore creates the accounts without hashes, so that it
/// is ready sooner. `setPasswords` then verifies the stored hashes and replaces those that don't match. Until it has
/// finished, logins to these accounts wait. Dumps wait too, because they would otherwise contain accounts without a
/// password.
final class EnvironmentAccounts: Sendable {
  struct Hashes: Sendable {
    let administrator: JSONValue
    let sidecar: JSONValue?
  }

  /// The settings that could not be applied.
  struct Obstacles: Sendable {
    var isEmailTaken = false
    var isSidecarNameTaken = false
  }

  private let store: DocumentStore
  private let required: RequiredDocuments
  private let passwords: Passwords
  private let administrator: Secret
  private let sidecar: Configuration.SidecarLogin?
  private let logger: Logger
  private let arePasswordsSet = Mutex(false)
  private let isLeft = Mutex(false)

  private static let retryPause = Duration.seconds(1)
  private static let look = Duration.milliseconds(5)

  /// - Parameters:
  ///   - administrator: the admin's password.
  ///   - sidecar: the sidecar's account, or `nil` when `SIDECAR_USERNAME` is not set.
  init(
    store: DocumentStore, required: RequiredDocuments, passwords: Passwords, administrator: Secret,
    sidecar: Configuration.SidecarLogin?, logger: Logger
  ) {
    self.store = store
    self.required = required
    self.passwords = passwords
    self.administrator = administrator
    self.sidecar = sidecar
    self.logger = logger
  }

  /// The hashes of the passwords, each computed once.
  func hashes() async throws -> Hashes {
    let administrator = try await passwords.ownHash(administrator.reveal())
    guard let sidecar else { return Hashes(administrator: administrator, sidecar: nil) }
    return Hashes(administrator: administrator, sidecar: try await passwords.ownHash(sidecar.password.reveal()))
  }

  /// Creates the accounts, and corrects every field that differs from the environment. A restart with the same
  /// environment changes nothing.
  ///
  /// - Parameter hashes: the passwords' hashes, or `nil` to keep the present ones. In that case a new account has no
  ///   hash, and nobody can log in to it.
  func apply(to transaction: inout Transaction, hashes: Hashes?) throws(RuleViolation) -> Obstacles {
    var obstacles = Obstacles()
    obstacles.isEmailTaken = try !required.insertMissing(in: &transaction, adminPassword: hashes?.administrator)
    guard let account else { return obstacles }
    obstacles.isSidecarNameTaken = account.isTaken(in: transaction)
    if !obstacles.isSidecarNameTaken, hashes != nil || !account.isUsable(in: transaction) {
      try account.createOrRepair(in: &transaction, password: hashes?.sidecar)
    }
    return obstacles
  }

  func report(_ obstacles: Obstacles) {
    if obstacles.isEmailTaken {
      logger.warning(
        "another user has the e-mail address of DOORMAN_ADMIN_EMAIL; the admin keeps its own and logs in as 'admin'")
    }
    if obstacles.isSidecarNameTaken, let sidecar {
      logger.error(
        "SIDECAR_USERNAME is the name of another user, who stays as it is: the sidecar can't log in. Choose a name that nobody has",
        metadata: ["user.name": "\(sidecar.username)"])
    }
  }

  /// Sets the passwords of the accounts. This must be called once, after the state is loaded.
  func setPasswords(_ dumper: Dumper) async {
    let start = SteadyClock.now()
    while !Task.isCancelled {
      do {
        try await setHashes(dumper)
        arePasswordsSet.withLock { $0 = true }
        logger.info(
          "the passwords of the environment are set",
          metadata: ["duration.ms": .stringConvertible((SteadyClock.now() - start).milliseconds)])
        return
      } catch {
        logger.error(
          "the passwords of the environment can't be hashed, so their accounts can't log in; trying again",
          metadata: ["error": "\(error)"])
        guard (try? await Task.sleep(for: Self.retryPause)) != nil else { return }
      }
    }
  }

  /// Keeps the accounts as the task has them whose changes are followed, until `setPasswords`.
  func leaveToHolder() {
    isLeft.withLock { $0 = true }
    arePasswordsSet.withLock { $0 = true }
  }

  /// Whether the accounts are those of another task.
  var areLeftToHolder: Bool { isLeft.withLock { $0 } }

  /// Waits until `setPasswords` has finished.
  ///
  /// - Returns: whether it has finished.
  @discardableResult
  func waitForPasswords(within limit: Duration) async -> Bool {
    let deadline = Deadline(in: limit)
    while !arePasswordsSet.withLock({ $0 }) {
      guard !deadline.isOver, (try? await Task.sleep(for: Self.look)) != nil else { return false }
    }
    return true
  }

  private var account: SidecarAccount? { sidecar.map { SidecarAccount(username: $0.username) } }

  private func setHashes(_ dumper: Dumper) async throws {
    try await setHash(of: administrator, dumper) { reader in
      Users.find(Users.admin, in: reader)?.value("password")
    } set: { (transaction, hash) throws(RuleViolation) in
      try transaction.setting(["password": hash], in: Collections.users, .fields(["username": Users.admin]))
    }
    guard let sidecar, let account, !account.isTaken(in: store.snapshot()) else { return }
    let isSet = try await setHash(of: sidecar.password, dumper) {
      account.password(in: $0)
    } set: {
      (transaction, hash) throws(RuleViolation) in
      guard !account.isTaken(in: transaction) else { return }
      try account.createOrRepair(in: &transaction, password: hash)
    }
    if isSet { logger.notice("the sidecar's account is set", metadata: ["user.name": "\(sidecar.username)"]) }
  }

  /// Sets the hash of one account, unless the stored hash matches the password or was changed meanwhile.
  ///
  /// - Returns: whether it was set.
  @discardableResult
  private func setHash(
    of secret: Secret, _ dumper: Dumper, in present: (any DocumentReader) -> JSONValue?,
    set: (inout Transaction, JSONValue) throws(RuleViolation) -> Void
  ) async throws -> Bool {
    let password = secret.reveal()
    let stored = present(store.snapshot())
    if let stored, !stored.isNull, try await passwords.verify(password, against: stored) { return false }
    let hash = try await passwords.ownHash(password)
    let isSet = try Journal.$comesAgain.withValue(true) {
      try store.write { (transaction) throws(RuleViolation) in
        guard present(transaction) == stored else { return false }
        try set(&transaction, hash)
        return true
      }.value
    }
    if isSet { await dumper.discountChange() }
    return isSet
  }
}
