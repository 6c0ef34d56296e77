package import Authentication
package import DocumentStore
package import Logging
package import Model
import NIOCore
import RateLimiting
package import Resources
import Synchronization

/// The platform API: what its routes work on.
package final class PlatformServices: Sendable {
  package let configuration: PlatformConfiguration
  let store: DocumentStore
  /// The decoded state of the store.
  package let model: CurrentModel
  private let commitLog: any CommitLog
  let passwords: Passwords
  let tokens: Tokens
  let dumps: any DumpPort
  let logger: Logger
  let availability: @Sendable () -> Availability
  let standby: @Sendable () -> Standby?
  private let ownAccounts: @Sendable (_ limit: Duration) async -> Bool
  let isSealed: @Sendable () -> Bool
  let isSaved: @Sendable () -> Bool
  let activity: @Sendable () -> Activity
  /// Of the heads and bodies of all requests.
  package let requestMemory: RequestMemory
  let description: ByteBuffer
  private let clock: @Sendable () -> Double
  // The limiter is what may be missing, not the lock: calling an optional lock that is `nil` traps in debug builds.
  private let logins: Mutex<FixedWindowLimiter<NetworkAddress?>?>
  private let registrations: Mutex<FixedWindowLimiter<NetworkAddress?>?>

  /// What the process is doing, for `GET /api/status`.
  package struct Activity: Sendable {
    /// Share of the machine's memory, in percent; `nil` when the system does not tell.
    package let memoryPercent: Double?
    package let connections: Int
    /// Since the start.
    package let seconds: Int

    package init(memoryPercent: Double?, connections: Int, seconds: Int) {
      self.memoryPercent = memoryPercent
      self.connections = connections
      self.seconds = seconds
    }
  }

  /// - Parameters:
  ///   - commitLog: asked to keep each change before the change is acknowledged.
  ///   - clock: Unix seconds.
  ///   - availability: asked at each call.
  ///   - standby: asked before each change, at its commit, and before it is acknowledged; `nil`: changes are taken.
  ///   - ownAccounts: waits, for the limit at most, until the accounts whose passwords the environment gives have them; says whether
  ///     they have.
  ///   - isSealed: whether changes have ended, with the snapshot of the last dump or without one; asked at each commit.
  ///   - isSaved: whether the last dump is safe; asked before a change is acknowledged.
  package init(
    configuration: PlatformConfiguration, store: DocumentStore, commitLog: any CommitLog, passwords: Passwords,
    tokens: Tokens, dumps: any DumpPort, logger: Logger, clock: @escaping @Sendable () -> Double,
    availability: @escaping @Sendable () -> Availability, standby: @escaping @Sendable () -> Standby?,
    ownAccounts: @escaping @Sendable (_ limit: Duration) async -> Bool = { _ in true },
    isSealed: @escaping @Sendable () -> Bool, isSaved: @escaping @Sendable () -> Bool,
    activity: @escaping @Sendable () -> Activity
  ) {
    self.configuration = configuration
    self.store = store
    model = CurrentModel(following: store, defaults: configuration.settings)
    self.commitLog = commitLog
    self.passwords = passwords
    self.tokens = tokens
    self.dumps = dumps
    self.logger = logger
    self.clock = clock
    requestMemory = RequestMemory(limit: configuration.maximumRequestMemory)
    description = DescriptionRoutes.description(version: configuration.version)
    self.availability = availability
    self.standby = standby
    self.ownAccounts = ownAccounts
    self.isSealed = isSealed
    self.isSaved = isSaved
    self.activity = activity
    logins = Mutex(configuration.loginLimit.map { FixedWindowLimiter(limit: $0.count, window: $0.window) })
    registrations = Mutex(
      configuration.registrationLimit.map { FixedWindowLimiter(limit: $0.count, window: $0.window) })
  }

  /// Unix seconds.
  func now() -> Int { Int(clock()) }

  /// The security settings as they are at this moment.
  package var settings: SecuritySettings {
    model.version().settings
  }

  enum LimitedAction: Sendable {
    case login
    case registration
  }

  /// Waits until the accounts whose passwords the environment gives have them.
  ///
  /// - Throws: `AuthenticationError` when that takes too long.
  func awaitOwnAccounts() async throws {
    guard await ownAccounts(.seconds(10)) else { throw AuthenticationError(.busy) }
  }

  /// Counts an action of an address; `nil` when it is not limited.
  func count(_ action: LimitedAction, from address: NetworkAddress?) -> FixedWindowLimiter<NetworkAddress?>.Decision? {
    let (seconds, address) = (clock(), address?.network)
    return switch action {
    case .login: logins.withLock { $0?.count(address, now: seconds) }
    case .registration: registrations.withLock { $0?.count(address, now: seconds) }
    }
  }

  /// Changes the store under the resources' rules, if a dump can still hold the change when it is made, and returns when
  /// the log of commits has the change.
  ///
  /// - Throws: what the body throws, before any change. 503 `GTW504` when the log does not take the change, which was made.
  func write<Value: Sendable>(
    _ body: (inout Transaction) throws -> Value
  ) async throws -> Value {
    let result = try store.write(permit: { () throws in try self.permitChange() }, body)
    guard let commit = result.commit else { return result.value }
    do {
      try await commitLog.append(commit)
    } catch {
      throw Self.unacknowledged("it could not be kept: \(error)")
    }
    return result.value
  }

  /// A change that no dump would ever hold is not taken.
  ///
  /// - Throws: 503 `GTW504` or `GTW503`.
  package func permitChange() throws(Refusal) {
    guard !isSealed() else { throw Refusal.stopping }
    if let standby = standby() { throw Refusal(503, "GTW504", "Nothing was changed: \(standby.reason)") }
  }

  /// A change that was made can only be acknowledged while this task is the writer for certain.
  ///
  /// - Throws: 503 `GTW504`.
  func acknowledgeChange() throws(Refusal) {
    // What was made before the snapshot of the last dump is in it. Changes also end without such a dump, when the lease is lost.
    guard !isSaved(), let standby = standby() else { return }
    throw Self.unacknowledged(standby.reason)
  }

  private static func unacknowledged(_ reason: String) -> Refusal {
    Refusal(
      503, "GTW504", "The change was made here, but may be lost: \(reason). Read it back before you make it again")
  }

  /// All routes, in the order of the API's description.
  package static var routes: [Route] {
    AuthorizationRoutes.routes + AccountRoutes.routes + UserRoutes.routes + RoleRoutes.routes + GroupRoutes.routes
      + APIRoutes.routes + EndpointRoutes.routes + EndpointValidationRoutes.routes + SubscriptionRoutes.routes
      + RoutingRoutes.routes + SecurityRoutes.routes + MemoryRoutes.routes + MonitorRoutes.routes
      + GatewayRoutes.routes + DescriptionRoutes.routes
  }
}

extension Refusal {
  /// Of a call that comes too late.
  static let stopping = Refusal(
    503, "GTW503", "The service is stopping; call another instance or try again after the restart")
}
