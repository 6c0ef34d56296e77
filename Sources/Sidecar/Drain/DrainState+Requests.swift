import JSON

/// The requests for a dump: until there is one, until a further request is no use, or until their time is over.
extension DrainState {
  /// This many refused connections in a row count as a gateway that is gone, as one may be a restart. After this many
  /// requests in a row without an answer, the lease is checked.
  private static let requestsUntilGone = 3
  private static let loginAttempts = 3
  /// The pause after a refused login: a gateway that restores a dump sets the account up again, and hashes its
  /// password.
  private static let loginPause = Duration.seconds(1)
  private static let readinessTime = Duration.seconds(2)
  private static let holderCheckTime = Duration.seconds(1)

  /// Takes in that the gateway wrote a dump.
  mutating func dumpWritten(_ answer: DumpAnswer, at now: Duration) -> Action {
    guard case .requesting(let requests) = phase else { return .ignore }
    note("written", requests, at: now)
    return checkDump(answer, at: now)
  }

  /// Takes in that a request for a dump failed.
  ///
  /// - Parameter generator: the chance in the length of pauses.
  mutating func requestFailed(
    _ error: GatewayError, at now: Duration, using generator: inout some RandomNumberGenerator
  ) -> Action {
    guard case .requesting(var requests) = phase else { return .ignore }
    note("\(error.code.rawValue): \(error)", requests, at: now)
    requests.count(error)
    switch error.code {
    case .standby:
      return sighting.tookChanges
        ? explain(.deposed(error.description), requests)
        : checkNewestDump(DrainFinding(.standby, error.description), at: now)
    case .forbidden: return checkNewestDump(DrainFinding(.forbidden, error.description), at: now)
    case .rejected: return checkNewestDump(DrainFinding(.rejected, error.description), at: now)
    case .loginRefused where requests.refusedLogins >= Self.loginAttempts:
      return checkNewestDump(DrainFinding(.loginRefused, error.description), at: now)
    case .gone where requests.refusedConnections >= Self.requestsUntilGone:
      return explain(.notThere(error.description), requests)
    case .notReady where sighting == .neverReady:
      // A gateway that was not seen ready by this sidecar has nothing to save while it starts.
      phase = .checkingReadiness(requests, after: error)
      return .requestReadiness(until: min(limit, now + Self.readinessTime))
    default: return retry(requests, after: error, at: now, using: &generator)
    }
  }

  /// Takes in the readiness of a gateway that was not ready to write a dump.
  ///
  /// - Parameters:
  ///   - readiness: the answer, or `nil` when there is none.
  ///   - generator: the chance in the length of pauses.
  mutating func readinessChecked(
    _ readiness: GatewayClient.Readiness?, at now: Duration, using generator: inout some RandomNumberGenerator
  ) -> Action {
    switch phase {
    case .checkingRole(let requests): return roleChecked(readiness, requests, at: now)
    case .confirmingStandby(let finding): return standbyChecked(readiness, finding, at: now)
    case .checkingReadiness(let requests, let error):
      return startChecked(readiness, requests, after: error, at: now, using: &generator)
    default: return .ignore
    }
  }

  /// A gateway that does not tell its role is asked for a dump: at worst the writer makes one.
  private mutating func roleChecked(
    _ readiness: GatewayClient.Readiness?, _ requests: Requests, at now: Duration
  ) -> Action {
    guard case .standby(let reason, hasLease: false, _)? = readiness else { return sendRequest(requests, at: now) }
    note("standby: \(reason)", requests, step: "readiness", at: now)
    return sighting.tookChanges
      ? explain(.deposed(reason), requests) : checkNewestDump(DrainFinding(.standby, reason), at: now)
  }

  /// A task that became the writer during its drain may have taken changes, so it is drained as the writer.
  private mutating func standbyChecked(
    _ readiness: GatewayClient.Readiness?, _ finding: DrainFinding, at now: Duration
  ) -> Action {
    switch readiness {
    case .standby(_, hasLease: false, _)?, .notReady?: return end(finding)
    case .ready?, .standby?:
      noteTakeOver()
      return requestDump(at: now, followsLease: false)
    case nil:
      phase = .watchingLease(.notThere("it did not answer any more"), followsLease: true)
      return .watchLease(until: requestDeadline)
    }
  }

  private mutating func startChecked(
    _ readiness: GatewayClient.Readiness?, _ requests: Requests, after error: GatewayError, at now: Duration,
    using generator: inout some RandomNumberGenerator
  ) -> Action {
    // A gateway that stops has taken changes, which this sidecar may not have seen, and writes its last dump by itself.
    // One that does not tell is asked again.
    if case .notReady(let word)? = readiness, word != "draining" {
      return explain(.starting(error.description), requests)
    }
    return retry(requests, after: error, at: now, using: &generator)
  }

  /// Takes in that a pause is over.
  mutating func pauseEnded(at now: Duration) -> Action {
    guard case .pausing(let requests, let error) = phase else { return .ignore }
    guard now < requestDeadline else { return giveUp(requests, after: error, at: now) }
    return requestDump(requests, at: now)
  }

  /// Takes in what the lease shows.
  ///
  /// - Parameter generator: the chance in the length of pauses.
  mutating func leaseWatched(
    _ evidence: LeaseEvidence, at now: Duration, using generator: inout some RandomNumberGenerator
  ) -> Action {
    switch phase {
    case .checkingHolder(let requests, let error, let isLast):
      if case .held(_, .abandoned, _) = evidence { return explain(.notThere(error.description), requests) }
      return isLast
        ? checkNewestDump(DrainFinding(after: error), at: now)
        : pause(requests, after: error, at: now, using: &generator)
    case .watchingLease(let silence, let followsLease):
      if isWorthRequesting(silence, evidence, followsLease: followsLease, at: now) {
        return requestDump(at: now, followsLease: true)
      }
      // The lease told who writes, later than the gateway could.
      isStandbyConfirmed = true
      return checkNewestDump(finding(silence, evidence), at: now)
    default: return .ignore
    }
  }

  /// Begins a new row of requests.
  mutating func requestDump(at now: Duration, followsLease: Bool) -> Action {
    requestDump(Requests(startedAt: now, followsLease: followsLease), at: now)
  }

  private mutating func requestDump(_ before: Requests, at now: Duration) -> Action {
    var requests = before
    requests.startedAt = now
    return askRole(.checkingRole(requests), at: now)
  }

  /// Requests the readiness of a gateway that is to be asked for a dump, or was on standby.
  mutating func askRole(_ next: Phase, at now: Duration) -> Action {
    phase = next
    // Most of the time is for the dump.
    return .requestReadiness(until: now + min(Self.readinessTime, (requestDeadline - now) / 4))
  }

  private mutating func sendRequest(_ before: Requests, at now: Duration) -> Action {
    var requests = before
    requests.startedAt = now
    phase = .requesting(requests)
    return .requestDump(until: requestDeadline)
  }

  private mutating func note(_ result: String, _ requests: Requests, step: String = "dump", at now: Duration) {
    record.attempts.append(
      .init(step: step, result: result, startedAt: requests.startedAt, took: now - requests.startedAt))
  }

  private mutating func retry(
    _ requests: Requests, after error: GatewayError, at now: Duration,
    using generator: inout some RandomNumberGenerator
  ) -> Action {
    guard requests.unanswered >= Self.requestsUntilGone else {
      return pause(requests, after: error, at: now, using: &generator)
    }
    return checkHolder(requests, after: error, isLast: false, at: now)
  }

  private mutating func pause(
    _ before: Requests, after error: GatewayError, at now: Duration,
    using generator: inout some RandomNumberGenerator
  ) -> Action {
    var requests = before
    let asked = error.retryAfter.map { Duration.seconds(max(0, $0)) } ?? .zero
    let refused = error.code == .loginRefused ? Self.loginPause : .zero
    let wait = max(asked, refused, requests.pause.next(using: &generator))
    // A pause that ends after the deadline of the requests is not worth waiting for.
    guard wait < requestDeadline - now else { return giveUp(requests, after: error, at: now) }
    phase = .pausing(requests, after: error)
    return .pause(until: now + wait)
  }

  /// Ends the requests. A gateway whose host is gone answers no more than a slow one, so its lease is checked.
  private mutating func giveUp(_ requests: Requests, after error: GatewayError, at now: Duration) -> Action {
    requests.unanswered > 0
      ? checkHolder(requests, after: error, isLast: true, at: now)
      : checkNewestDump(DrainFinding(after: error), at: now)
  }

  private mutating func checkHolder(
    _ requests: Requests, after error: GatewayError, isLast: Bool, at now: Duration
  ) -> Action {
    phase = .checkingHolder(requests, after: error, isLast: isLast)
    return .watchLease(until: min(limit, now + Self.holderCheckTime))
  }

  /// Watches the lease to learn what a gateway means that brings no dump.
  private mutating func explain(_ silence: Silence, _ requests: Requests) -> Action {
    phase = .watchingLease(silence, followsLease: requests.followsLease)
    return .watchLease(until: requestDeadline)
  }

  /// Whether another row of requests may bring a dump, as someone renews the lease.
  ///
  /// It may be this gateway, started again a moment ago, or one that could not reach its volume for a while. Requests
  /// are made once more on that chance, and as often as the time allows if the holder is known to be this gateway.
  private func isWorthRequesting(
    _ silence: Silence, _ evidence: LeaseEvidence, followsLease: Bool, at now: Duration
  ) -> Bool {
    if case .starting = silence { return false }
    guard case .held(let holder, .renewed, _) = evidence, now < requestDeadline else { return false }
    return !followsLease || ownHolder?.hasSameBytes(as: holder) == true
  }

  private func finding(_ silence: Silence, _ evidence: LeaseEvidence) -> DrainFinding {
    switch silence {
    case .notThere(let sentence): .notThere(sentence, sighting, own: ownHolder, evidence)
    case .starting(let sentence): .starting(sentence, evidence)
    case .deposed(let sentence): .deposed(sentence, own: ownHolder, evidence)
    }
  }
}

extension DrainState.Requests {
  /// Counts a failed request.
  fileprivate mutating func count(_ error: GatewayError) {
    if error.code == .loginRefused { refusedLogins += 1 }
    refusedConnections = error.code == .gone ? refusedConnections + 1 : 0
    unanswered = error.code == .unreachable || error.code == .timedOut ? unanswered + 1 : 0
  }
}

extension DrainFinding {
  /// The requests ended with this error, as their time is over.
  fileprivate init(after error: GatewayError) {
    let outcome: DrainOutcome =
      switch error.code {
      case .failed, .strange: .dumpFailed
      case .loginLimited, .loginRefused, .tokenRefused: .loginRefused
      default: .timedOut
      }
    self.init(outcome, error.description)
  }
}
