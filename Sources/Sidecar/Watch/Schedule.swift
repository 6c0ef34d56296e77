/// The work that is due in the watch: a value without a clock, which is asked with the time.
///
/// `next` tells the next piece of work and plans it again at its usual period. What came of the work is reported by the
/// event that the work names, which may plan it earlier or later. Work whose report never comes is due again all the
/// same, except for a read of the catalogue: only one runs at a time, however long the volume takes.
struct Schedule: Sendable {
  /// A piece of work, in the order in which work that is due at the same time comes.
  enum Work: Sendable, Equatable {
    /// Give back memory that only the start, or a round over the volume, needed.
    case trimMemory
    /// Serve the metrics port. Reported by `metricsServed` when it is served.
    case serveMetrics
    /// Request the gateway's readiness. Reported by `gatewayChecked`.
    case checkGateway
    /// Log in to the gateway. Reported by `loggedIn` or `loginFailed`.
    case logIn
    /// Start reading the catalogue of dumps; verify and prune what is new. Reported by `catalogueRead`.
    ///
    /// - Parameters:
    ///   - isClose: read attributes too. Names show every new dump; attributes alone show one that is written over.
    ///   - prunes: prune even when nothing is new.
    case readCatalogue(isClose: Bool, prunes: Bool)
    /// Log the status line.
    case logStatus
    /// Nothing is due. Ask again at this time at the latest.
    case wait(until: Duration)
  }

  /// The result of reading the catalogue.
  enum CatalogueResult: Sendable, Equatable {
    case unchanged
    /// Dumps were verified or pruned.
    case changed
    case failed
  }

  private var nextTrim: Duration
  /// `nil` once the port is served, or where there is none.
  private var nextMetrics: Duration?
  private var nextCheck: Duration
  private var isLoginDue = false
  private var nextLogin: Duration
  private var loginPause = Self.firstLoginPause
  private var nextRead: Duration
  private var nextCloseRead: Duration
  private var nextPrune: Duration
  private var nextStatus: Duration
  private let statusPeriod: Duration?

  /// Whether a read of the catalogue is under way.
  private(set) var isReading = false
  /// Whether that read prunes even when nothing is new.
  private var isPruning = false
  private var hasReportedHang = false

  static let tick = Duration.milliseconds(250)
  static let readingTick = Duration.milliseconds(50)
  static let firstTrim = Duration.seconds(2)
  static let trimPeriod = Duration.seconds(60)
  static let metricsPeriod = Duration.seconds(10)
  static let readyPeriod = Duration.seconds(5)
  static let unreadyPeriod = Duration.milliseconds(500)
  static let readPeriod = Duration.seconds(1)
  static let closeReadPeriod = Duration.seconds(30)
  static let failedReadPause = Duration.seconds(10)
  static let prunePeriod = Duration.seconds(3600)
  /// A read that takes longer shows a volume that hangs.
  static let longestRead = Duration.seconds(30)
  /// A token that lives shorter than the reserve is renewed now and then, not all the time.
  static let loginPeriod = Duration.seconds(60)
  private static let firstLoginPause = RetryPause(first: .seconds(2), longest: .seconds(60))

  /// - Parameters:
  ///   - now: the time by the steady clock of all further times.
  ///   - servesMetrics: whether there is a metrics port.
  ///   - statusPeriod: the time between two status lines, or `nil` for none.
  init(at now: Duration, servesMetrics: Bool, statusPeriod: Duration?) {
    nextTrim = now + Self.firstTrim
    nextMetrics = servesMetrics ? now : nil
    (nextCheck, nextLogin, nextRead, nextCloseRead, nextPrune, nextStatus) = (now, now, now, now, now, now)
    self.statusPeriod = statusPeriod
  }

  /// Tells what is to be done now.
  mutating func next(at now: Duration) -> Work {
    if now >= nextTrim {
      nextTrim = now + Self.trimPeriod
      return .trimMemory
    }
    if let due = nextMetrics, now >= due {
      nextMetrics = now + Self.metricsPeriod
      return .serveMetrics
    }
    if now >= nextCheck {
      nextCheck = now + Self.unreadyPeriod
      return .checkGateway
    }
    if isLoginDue {
      isLoginDue = false
      return .logIn
    }
    if !isReading, now >= nextRead { return read(at: now) }
    if let statusPeriod, now >= nextStatus {
      nextStatus = now + statusPeriod
      return .logStatus
    }
    return .wait(until: now + (isReading ? Self.readingTick : Self.tick))
  }

  private mutating func read(at now: Duration) -> Work {
    isReading = true
    nextRead = now + Self.readPeriod
    let (isClose, prunes) = (now >= nextCloseRead, now >= nextPrune)
    if isClose { nextCloseRead = now + Self.closeReadPeriod }
    if prunes { nextPrune = now + Self.prunePeriod }
    isPruning = prunes
    return .readCatalogue(isClose: isClose, prunes: prunes)
  }

  /// Takes in that the metrics port is served. Until then it is tried again and again.
  mutating func metricsServed() { nextMetrics = nil }

  /// Takes in what the gateway's readiness is.
  ///
  /// - Parameters:
  ///   - needsLogin: whether the token is missing or ends soon.
  ///   - isSettling: whether a check soon would tell more.
  ///   - began: when the check began.
  mutating func gatewayChecked(
    isReady: Bool, needsLogin: Bool, isSettling: Bool = false, since began: Duration, at now: Duration
  ) {
    nextCheck = now + (isReady && !isSettling ? Self.readyPeriod : Self.unreadyPeriod)
    isLoginDue = isReady && needsLogin && began >= nextLogin
  }

  /// Takes in that a login brought a token.
  mutating func loggedIn(at now: Duration) {
    loginPause = Self.firstLoginPause
    nextLogin = now + Self.loginPeriod
  }

  /// Takes in that a login failed. Further logins come later and later.
  ///
  /// - Parameters:
  ///   - retryAfter: seconds, as the gateway asks for.
  ///   - generator: the chance in the length of pauses.
  mutating func loginFailed(
    retryAfter: Int?, at now: Duration, using generator: inout some RandomNumberGenerator
  ) {
    let asked = retryAfter.map { Duration.seconds($0) } ?? .zero
    nextLogin = now + max(asked, loginPause.next(using: &generator))
  }

  /// Takes in that the read of the catalogue that was under way has ended.
  ///
  /// - Parameter pruneIn: when a file of the trash is due, if the read told.
  mutating func catalogueRead(_ result: CatalogueResult, at now: Duration, pruneIn: Duration? = nil) {
    isReading = false
    hasReportedHang = false
    if let pruneIn { nextPrune = min(nextPrune, now + max(pruneIn, Self.readPeriod)) }
    switch result {
    case .unchanged: break
    case .changed: nextTrim = now
    case .failed:
      nextRead = now + Self.failedReadPause
      if isPruning { nextPrune = nextRead }
    }
  }

  /// Tells whether the volume is to be reported as hanging: once for each read that takes too long.
  ///
  /// - Parameter busy: how long the worker has been at its present piece of work.
  mutating func reportsHang(busy: Duration) -> Bool {
    guard isReading, busy > Self.longestRead, !hasReportedHang else { return false }
    hasReportedHang = true
    return true
  }
}
