import Clocks
import Logging

/// Checks the gateway, and keeps a token at hand that is still good when a signal comes. `Schedule` says when.
struct GatewayWatch {
  /// The result of a login.
  enum Login: Sendable, Equatable {
    case succeeded
    /// It failed, with the seconds after which the gateway wants to be asked again.
    case failed(retryAfter: Int?)
    /// A signal cut it short.
    case interrupted
  }

  private let client: GatewayClient
  private let logger: Logger
  /// The last observation of the gateway.
  private(set) var sighting = GatewaySighting.neverReady
  private(set) var isReady = false
  private var lastState = ObservedState()

  /// A token that ends within this many seconds is renewed, as a drain must not begin with a login.
  private static let tokenReserve = 300

  init(_ client: GatewayClient, logger: Logger) {
    self.client = client
    self.logger = logger
  }

  /// Whether the token is missing or ends soon.
  var needsLogin: Bool { !client.isLoggedIn(for: Self.tokenReserve) }

  /// The whole seconds by which a gateway on standby is behind the writer, or `nil` where there is no such lag.
  var standbyLag: Int? { client.standbyLag }

  /// Requests the gateway's readiness.
  ///
  /// - Returns: the result, or `nil` when a signal cut the request short.
  mutating func check() -> RoleState.Gateway? {
    do throws(GatewayError) {
      switch try client.readiness(Deadline(in: .seconds(3))) {
      case .ready:
        sighting.see(isWriter: true)
        note(isReady: true, "the gateway is ready")
        return .writer
      case .standby(let reason, _, let isCurrent):
        sighting.see(isWriter: false)
        note(isReady: isCurrent, "the gateway stands by\(isCurrent ? "" : ", and is behind the writer"): \(reason)")
        return .standby(reason)
      case .notReady(let word): return noteSilence("the gateway is not ready: \(word)")
      }
    } catch {
      guard error.code != .interrupted else { return nil }
      return noteSilence("the gateway is not there: \(error)")
    }
  }

  private mutating func noteSilence(_ state: String) -> RoleState.Gateway {
    note(isReady: false, state)
    return .silent(state)
  }

  /// Logs each change of the gateway's state once.
  private mutating func note(isReady: Bool, _ state: String) {
    self.isReady = isReady
    guard lastState.replace(with: state) else { return }
    logger.log(
      level: isReady || !sighting.wasReady ? .info : .warning, "service", metadata: ["service.state": "\(state)"])
  }

  /// Logs in.
  func logIn() -> Login {
    do throws(GatewayError) {
      try client.logIn(Deadline(in: .seconds(10)))
      logger.info("logged in to the gateway")
      return .succeeded
    } catch {
      guard error.code != .interrupted else { return .interrupted }
      logger.error("the login failed; a drain could not ask for a dump", metadata: ["error": "\(error)"])
      return .failed(retryAfter: error.retryAfter)
    }
  }
}

/// The last state of the gateway that was logged.
struct ObservedState {
  private var words: [UInt8] = []

  /// Notes a state.
  ///
  /// - Returns: whether it is another one. A state in which only a number changed is the same, such as a time that goes
  ///   on.
  mutating func replace(with state: String) -> Bool {
    let words = state.utf8.filter { !(UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0) }
    defer { self.words = words }
    return words != self.words
  }
}
