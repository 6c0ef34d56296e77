package import Authentication
import HTTPAPI
package import Model
import RateLimiting
import Synchronization

/// Passwords, tokens, cookies, and the limits of logins.
package final class AccountServices: Sendable {
  /// The hashes of passwords.
  let passwords: Passwords
  /// Signs and verifies tokens.
  let tokens: Tokens
  let lifetimes: PlatformConfiguration.TokenLifetimes
  let cookies: CookieJar
  private let model: CurrentModel
  private let clock: @Sendable () -> Double
  private let environmentAccounts: @Sendable (_ limit: Duration) async -> Bool
  private let visible: @Sendable (_ state: ModelVersion) async -> ModelVersion
  private let part: @Sendable (_ limit: Int, _ window: Int) -> Int
  // The limiter is optional, not the lock: calling an optional lock that is `nil` traps in debug builds.
  private let logins: Mutex<FixedWindowLimiter<NetworkAddress?>?>
  private let registrations: Mutex<FixedWindowLimiter<NetworkAddress?>?>

  /// The services of a configuration.
  ///
  /// - Parameters:
  ///   - clock: returns Unix seconds.
  ///   - environmentAccounts: waits, for the limit at most, until the accounts of the environment have their passwords,
  ///     and returns whether they have.
  ///   - visible: waits until clients may see a state, and returns it or one that they may see in its place.
  ///   - part: what this task allows of a limit in a window of so many seconds.
  package init(
    _ configuration: PlatformConfiguration, passwords: Passwords, tokens: Tokens, model: CurrentModel,
    clock: @escaping @Sendable () -> Double,
    environmentAccounts: @escaping @Sendable (_ limit: Duration) async -> Bool,
    visible: @escaping @Sendable (_ state: ModelVersion) async -> ModelVersion,
    part: @escaping @Sendable (_ limit: Int, _ window: Int) -> Int
  ) {
    self.part = part
    self.passwords = passwords
    self.tokens = tokens
    self.model = model
    self.clock = clock
    self.environmentAccounts = environmentAccounts
    self.visible = visible
    lifetimes = configuration.tokens
    cookies = CookieJar(configuration.cookies, httpsOnly: configuration.httpsOnly)
    logins = Mutex(configuration.loginLimit.map { FixedWindowLimiter(limit: $0.count, window: $0.window) })
    registrations = Mutex(
      configuration.registrationLimit.map { FixedWindowLimiter(limit: $0.count, window: $0.window) })
  }

  /// The time in Unix seconds.
  func now() -> Int { Int(clock()) }

  /// Waits until the accounts of the environment have their passwords.
  ///
  /// - Returns: the state by then, as `state` returns it.
  /// - Throws: `AuthenticationError` `busy` when that takes too long.
  func awaitEnvironmentAccounts() async throws -> ModelVersion {
    guard await environmentAccounts(.seconds(10)) else { throw AuthenticationError(.busy) }
    return await state()
  }

  /// The state at this moment, for a request that waited. It waits as a read does, since the answer shows this state.
  func state() async -> ModelVersion { await visible(model.version()) }

  enum LimitedAction: Sendable {
    case login
    case registration
  }

  /// Counts an action of an address, or returns `nil` when the action has no limit.
  func count(_ action: LimitedAction, from address: NetworkAddress?) -> FixedWindowLimiter<NetworkAddress?>.Decision? {
    switch action {
    case .login: count(in: logins, address)
    case .registration: count(in: registrations, address)
    }
  }

  private func count(
    in limiter: borrowing Mutex<FixedWindowLimiter<NetworkAddress?>?>, _ address: NetworkAddress?
  ) -> FixedWindowLimiter<NetworkAddress?>.Decision? {
    let (seconds, address) = (clock(), address?.network)
    return limiter.withLock { limiter in
      guard let (limit, window) = limiter.map({ ($0.limit, $0.window) }) else { return nil }
      return limiter?.count(address, now: seconds, part: part(limit, window))
    }
  }
}
