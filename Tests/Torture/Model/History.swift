/// What happened in one round. All times are seconds since the round's beginning, by the steady clock of the program that
/// plays it.
package struct History: Codable, Sendable {
  /// From when on the times of the schedule count: all tasks were ready.
  package var begun = 0.0
  package var operations: [Request] = []
  package var runs: [Run] = []
  package var drains: [Drain] = []
  /// In which no file could be written, since the volume had no room.
  package var full: [Span] = []
  /// In which the machine had no time even for a thread that only wants to wake up.
  package var stalls: [Span] = []
  /// When `lease.json` and the claims were removed.
  package var leaseRemovals: [Double] = []
  /// What the dumps of changes that take-overs left behind hold, by their names.
  package var sideDumps: [String: [String: String]] = [:]
  /// From when on nothing disturbed the tasks any more.
  package var healed: Double?
  /// The state that a fresh task loads at the end; `nil` when it did not get ready.
  package var final: [String: String]?
  /// How long that task took to get ready, or why it did not.
  package var finalStart = ""

  package init() {}
}

/// A sidecar that was started to drain a task, from its start to its end.
package struct Drain: Codable, Sendable, Equatable {
  /// The process that it drained.
  package var run: Int
  package var begun: Double
  /// When it was told to drain; `nil`: it ended before.
  package var told: Double?
  /// Whether it had logged in to the service by then.
  package var isLoggedIn = false
  /// In which its view of the volume hung.
  package var hung: [Span] = []
  package var ended = 0.0
  /// The exit code, or minus the signal that ended it; `nil`: it did not end although it was waited for.
  package var exit: Int32?

  package init(run: Int, begun: Double) {
    self.run = run
    self.begun = begun
  }
}

/// A time from its beginning to its end.
package struct Span: Codable, Sendable, Equatable {
  package var begin: Double
  /// `nil`: it lasts to the end of the round.
  package var end: Double?

  package init(_ begin: Double, _ end: Double? = nil) {
    self.begin = begin
    self.end = end
  }

  package func overlap(with other: Span) -> Double {
    max(0, min(end ?? .infinity, other.end ?? .infinity) - max(begin, other.begin))
  }
}

/// One request of a client that may change something.
package struct Request: Codable, Sendable, Equatable {
  package enum Kind: Codable, Sendable, Equatable {
    /// The value of a group is its description.
    case create(value: String)
    case update(value: String)
    case delete
    case dump
    /// Of the newest dump.
    case restore
    /// Whether it is alive; changes nothing.
    case probe
  }

  package enum Answer: Codable, Sendable, Equatable {
    case acknowledged
    /// It says that nothing was changed.
    case refused(status: Int)
    /// No answer, or one that says that something broke: it may have been done, and may still be.
    case unknown
  }

  package var kind: Kind
  /// Of the group; empty for dumps and restores.
  package var name: String
  /// The process that was asked.
  package var run: Int
  /// Before the first byte was sent.
  package var begun: Double
  /// Before the last byte was sent: the service can't have done it earlier.
  package var sent: Double
  package var ended: Double?
  package var answer: Answer

  package var isRefused: Bool { if case .refused = answer { true } else { false } }

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

/// One process of the service, from its start to its end.
package struct Run: Codable, Sendable {
  package struct Signal: Codable, Sendable, Equatable {
    package var number: Int32
    package var time: Double

    package init(_ number: Int32, at time: Double) {
      self.number = number
      self.time = time
    }
  }

  /// Its number in the round.
  package var id: Int
  /// Which of the round's tasks it plays.
  package var task: Int
  package var begun: Double
  package var signals: [Signal] = []
  /// In which it was stopped by SIGSTOP.
  package var frozen: [Span] = []
  /// In which its own view of the volume hung.
  package var hung: [Span] = []
  package var events: [LogEvent] = []
  package var ended: Double?
  /// The exit code, or minus the signal that ended it.
  package var exit: Int32?
  /// It did not end although it was waited for.
  package var isStuck = false

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

  /// When it was told to stop, and told again.
  package var stops: [Double] {
    signals.filter { $0.number == Self.terminate || $0.number == Self.interrupt }.map(\.time)
  }

  package var toldToStop: Double? { stops.min() }

  package var killed: Double? { signals.first { $0.number == Self.kill }?.time }

  /// The lease as the process itself logged it, in order.
  package var takes: [(time: Double, epoch: Int)] {
    events.compactMap { event in
      if case .took(let epoch) = event.kind { (event.time, epoch) } else { nil }
    }
  }

  /// For how long it could not act or could not reach its volume within a span.
  package func disturbance(within span: Span) -> Double {
    (frozen + hung).map { $0.overlap(with: span) }.reduce(0, +)
  }

  /// When something may have begun of which a log line tells at its end. A process that was frozen before it wrote the line
  /// did it earlier than the line makes believe.
  package func earliest(_ time: Double, duration: Double = 0) -> Double {
    let delay = 0.5
    let window = Span(time - duration - delay, time)
    let stops = frozen.filter { $0.overlap(with: window) > 0 }.map { ($0.end ?? time) - $0.begin }
    return window.begin - stops.reduce(0, +)
  }
}
