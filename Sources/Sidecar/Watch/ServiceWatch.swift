import Clocks
import Logging

/// Keeps an eye on the service, and a token at hand that is still good when a signal comes.
struct ServiceWatch {
  private let client: GatewayClient
  private let logger: Logger
  /// What was last seen of it.
  private(set) var sighting = ServiceSighting.neverReady
  private(set) var isReady = false
  /// How often in a row it was the writer when it was looked at.
  private(set) var looksAsWriter = 0
  private var nextLook = Duration.zero
  private var nextLogin = Duration.zero
  private var logins = RetryPause(first: .seconds(2), longest: .seconds(60))
  private var lastWord = ""

  /// A token that ends sooner is renewed: a drain must not begin with a login.
  private static let tokenReserve = 300

  init(_ client: GatewayClient, logger: Logger) {
    self.client = client
    self.logger = logger
  }

  /// Looks, when it is time to.
  mutating func look() {
    let now = SteadyClock.now()
    guard now >= nextLook else { return }
    do throws(ServiceError) {
      switch try client.readiness(Deadline(in: .seconds(3))) {
      case .ready:
        sighting.see(isWriter: true)
        note(true, "the service is ready")
        looksAsWriter += 1
      case .standby(let reason):
        sighting.see(isWriter: false)
        note(true, "the service stands by: \(reason)")
      case .notReady(let word): note(false, "the service is not ready: \(word)")
      }
    } catch {
      guard error.code != .interrupted else { return }
      note(false, "the service is not there: \(error)")
    }
    nextLook = SteadyClock.now() + (isReady ? .seconds(5) : .milliseconds(500))
    if isReady { logIn(now) }
  }

  private mutating func note(_ isReady: Bool, _ word: String) {
    self.isReady = isReady
    if !isReady || sighting != .writer { looksAsWriter = 0 }
    guard word != lastWord else { return }
    lastWord = word
    logger.log(
      level: isReady || !sighting.wasReady ? .info : .warning, "service", metadata: ["service.state": "\(word)"])
  }

  private mutating func logIn(_ now: Duration) {
    guard now >= nextLogin, !client.isLoggedIn(for: Self.tokenReserve) else { return }
    do throws(ServiceError) {
      try client.logIn(Deadline(in: .seconds(10)))
      logins = RetryPause(first: .seconds(2), longest: .seconds(60))
      // A token that is shorter-lived than the reserve is renewed now and then, not all the time.
      nextLogin = SteadyClock.now() + .seconds(60)
      logger.info("logged in to the service")
    } catch {
      guard error.code != .interrupted else { return }
      var generator = SystemRandomNumberGenerator()
      let asked = error.retryAfter.map { Duration.seconds($0) } ?? .zero
      nextLogin = SteadyClock.now() + max(asked, logins.next(using: &generator))
      logger.error("the login failed; a drain could not ask for a dump", metadata: ["error": "\(error)"])
    }
  }
}
