/// The events of one round. All times are seconds since the start of the round, on the steady clock of the torture
/// program.
package struct History: Codable, Sendable {
  /// The time at which all tasks were ready. The times of the schedule count from it.
  package var begun = 0.0
  /// Whether the gateway was to keep each change in its journal before it acknowledged it.
  package var isJournaled = false
  /// The clients' requests.
  package var operations: [Request] = []
  /// The processes of the gateway.
  package var runs: [Run] = []
  /// The drains by sidecars.
  package var drains: [Drain] = []
  /// The spans in which the volume was full.
  package var full: [Span] = []
  /// The spans in which the machine did not even run a thread that only wakes up.
  package var stalls: [Span] = []
  /// The times at which `lease.json` and the claims were removed.
  package var leaseRemovals: [Double] = []
  /// The contents of the dumps that hold changes left behind by take-overs, keyed by the dumps' names.
  package var sideDumps: [String: [String: String]] = [:]
  /// The time of the last repair, after which the tasks were not disturbed.
  package var healed: Double?
  /// The state that a new task loads at the end, or `nil` when it did not become ready.
  package var final: [String: String]?
  /// The time that this task needed to become ready, or the reason why it did not.
  package var finalStart = ""

  /// The number of processes that a SIGKILL of the schedule ended.
  package var deliveredKills: Int { runs.count(where: \.isEndedByKill) }

  /// A history without events.
  package init() {}
}

/// A sidecar that was started to drain a task.
package struct Drain: Codable, Sendable, Equatable {
  /// The process that the sidecar drained.
  package var run: Int
  /// The time at which the sidecar was started.
  package var begun: Double
  /// The time at which it was told to drain, or `nil` when it ended before.
  package var told: Double?
  /// Whether it had logged in to the gateway by then.
  package var isLoggedIn = false
  /// The spans in which its view of the volume hung.
  package var hung: [Span] = []
  /// The time at which it ended.
  package var ended = 0.0
  /// The exit code, the negative number of the signal that ended it, or `nil` when it did not end within the limit.
  package var exit: Int32?

  /// A drain that begins.
  package init(run: Int, begun: Double) {
    self.run = run
    self.begun = begun
  }
}

/// A time span.
package struct Span: Codable, Sendable, Equatable {
  /// The start.
  package var begin: Double
  /// The end, or `nil` when the span lasts to the end of the round.
  package var end: Double?

  /// Makes a span.
  package init(_ begin: Double, _ end: Double? = nil) {
    self.begin = begin
    self.end = end
  }

  /// The seconds that two spans have in common.
  package func overlap(with other: Span) -> Double {
    max(0, min(end ?? .infinity, other.end ?? .infinity) - max(begin, other.begin))
  }

  /// The spans that cover the same time without an overlap, in order.
  package static func union(of spans: [Span]) -> [Span] {
    spans.sorted { $0.begin < $1.begin }.reduce(into: []) { union, span in
      guard let last = union.last, span.begin <= last.end ?? .infinity else { return union.append(span) }
      if let end = last.end, let other = span.end {
        union[union.count - 1].end = max(end, other)
      } else {
        union[union.count - 1].end = nil
      }
    }
  }
}

/// One request of a client that may change something.
package struct Request: Codable, Sendable, Equatable {
  /// The request's operation.
  package enum Kind: Codable, Sendable, Equatable {
    /// The value of a group, a role, an API or an endpoint is its description, that of a user its role, and that of
    /// subscriptions the list of APIs.
    case create(value: String)
    case update(value: String)
    /// Deletes a document with those below it, in one commit.
    case delete
    case dump
    /// Restores the newest dump.
    case restore
    /// A liveness probe, which changes nothing.
    case probe
  }

  /// The outcome as the client sees it.
  package enum Answer: Codable, Sendable, Equatable {
    case acknowledged
    /// The response states that nothing was changed.
    case refused(status: Int)
    /// There was no response, or one that reports a failure. The change may have been made, and may still be made.
    case unknown
  }

  /// The operation.
  package var kind: Kind
  /// The document's name, or an empty string for dumps and restores. A document that is deleted with another one is
  /// below it: `api-1/e0` is an endpoint of `api-1`.
  package var name: String
  /// The process that received the request.
  package var run: Int
  /// The time before the first byte was sent.
  package var begun: Double
  /// The time before the last byte was sent. The gateway can't have acted earlier.
  package var sent: Double
  /// The time at which the response was complete, or `nil` when there was none.
  package var ended: Double?
  /// The outcome.
  package var answer: Answer

  /// Whether the response states that nothing was changed.
  package var isRefused: Bool { if case .refused = answer { true } else { false } }

  /// Makes a request.
  package init(
    _ kind: Kind, _ name: String = "", run: Int, begun: Double, sent: Double? = nil, ended: Double?, _ answer: Answer
  ) {
    self.kind = kind
    self.name = name
    self.run = run
    self.begun = begun
    self.sent = sent ?? begun
    self.ended = ended
    self.answer = answer
  }
}

/// One process of the gateway, from its start to its end.
package struct Run: Codable, Sendable {
  /// A signal that the process received.
  package struct Signal: Codable, Sendable, Equatable {
    /// The signal's number.
    package var number: Int32
    /// The time at which it was sent.
    package var time: Double

    /// Makes a signal.
    package init(_ number: Int32, at time: Double) {
      self.number = number
      self.time = time
    }
  }

  /// The process's number in the round.
  package var id: Int
  /// The index of the task that it belongs to.
  package var task: Int
  /// The time at which it was started.
  package var begun: Double
  /// The signals that were sent to it.
  package var signals: [Signal] = []
  /// The spans in which it was stopped by SIGSTOP.
  package var frozen: [Span] = []
  /// The spans in which its own view of the volume hung.
  package var hung: [Span] = []
  /// The events in its log.
  package var events: [LogEvent] = []
  /// The time at which it ended, or `nil` when it did not.
  package var ended: Double?
  /// The exit code, or the negative number of the signal that ended it.
  package var exit: Int32?
  /// Whether it did not end within the limit.
  package var isStuck = false

  /// A process that starts.
  package init(id: Int, task: Int, begun: Double) {
    self.id = id
    self.task = task
    self.begun = begun
  }
}

extension Run {
  private static let interrupt: Int32 = 2
  private static let kill: Int32 = 9
  private static let terminate: Int32 = 15

  /// The times at which it was told to stop.
  package var stops: [Double] {
    signals.filter { $0.number == Self.terminate || $0.number == Self.interrupt }.map(\.time)
  }

  /// The time at which it was first told to stop, or `nil`.
  package var toldToStop: Double? { stops.min() }

  /// The time at which it was killed, or `nil`.
  package var killed: Double? { signals.first { $0.number == Self.kill }?.time }

  /// Whether a SIGKILL that was sent to it ended it. A signal that comes after the end of a process kills nobody.
  package var isEndedByKill: Bool { killed != nil && exit == -Self.kill }

  /// The times at which it took the lease according to its own log, in order.
  package var takes: [(time: Double, epoch: Int)] {
    events.compactMap { event in
      if case .took(let epoch) = event.kind { (event.time, epoch) } else { nil }
    }
  }

  /// The earliest time at which something may have begun whose end a log line reports. A process that was frozen before
  /// it wrote the line acted earlier than the line suggests.
  package func earliest(_ time: Double, duration: Double = 0) -> Double {
    let delay = 0.5
    let window = Span(time - duration - delay, time)
    let stops = frozen.filter { $0.overlap(with: window) > 0 }.map { ($0.end ?? time) - $0.begin }
    return window.begin - stops.reduce(0, +)
  }
}
