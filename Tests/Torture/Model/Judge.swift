/// Compares a history with the gateway's promises.
package struct Judge: Sendable {
  /// The promises.
  package enum Rule: String, Codable, Sendable, CaseIterable {
    case acknowledgedChangeLost, dumpedChangeLost, cleanExitLostChange, drainLostChange, changesNotKept, phantom, gap
    case torn
    case twoWriters, epochTwice, leaseTaken
    case drainFailed, drainTooLong
    case endedBySignal, endedUnasked, startRefused, stopFailed, stopTooLong, damagedDump, finalStart, noWriter, noAnswer

    /// A sentence that says how the promise was broken.
    package var sentence: String {
      switch self {
      case .acknowledgedChangeLost: "a change is lost that was acknowledged"
      case .dumpedChangeLost: "a change is lost that a dump was said to hold"
      case .cleanExitLostChange: "a change is lost, and the task that acknowledged it ended with exit code 0"
      case .drainLostChange: "a change is lost that was acknowledged before a drain that ended with exit code 0"
      case .drainFailed: "a drain of a task that ran on a healthy volume did not end with exit code 0"
      case .drainTooLong: "a drain took much longer than its deadline"
      case .changesNotKept: "changes that a take-over left behind are not kept in a dump of their own"
      case .phantom: "something is there that was refused, or that nobody asked for"
      case .gap: "a later change is there, and an earlier one of the same task is not"
      case .torn: "a change of several documents is there in part"
      case .twoWriters: "a task acknowledged a change although another one had taken over before it was sent"
      case .epochTwice: "an epoch was given out twice"
      case .leaseTaken: "a task took the lease of another one that ran and reached its volume"
      case .endedBySignal: "a process ended by a signal instead of in order"
      case .endedUnasked: "a process ended although nobody asked it to"
      case .startRefused: "a start was refused although the volume was in order"
      case .stopFailed: "an orderly stop on a healthy volume did not end with exit code 0"
      case .stopTooLong: "a stop took too long"
      case .damagedDump: "a dump was passed over although nobody damaged one"
      case .finalStart: "a fresh task did not get ready at the end"
      case .noAnswer: "a task that ran did not answer its liveness probe"
      case .noWriter: "nobody took a change again after everything was in order"
      }
    }
  }

  /// One broken promise.
  package struct Violation: Codable, Sendable, Equatable, CustomStringConvertible {
    /// The promise.
    package var rule: Rule
    /// The details.
    package var sentence: String

    package var description: String { "\(rule): \(rule.sentence): \(sentence)" }
  }

  /// The limits, in seconds.
  enum Limits {
    /// From the last signal, thaw or repair to the end of a stop.
    static let stop = 40.0
    /// From the time at which a sidecar was told to drain, or from the last repair, to its end. Its deadline is 8 s.
    static let drain = 15.0
    /// From a probe to its response, for a process that is not frozen.
    static let answer = 8.0
    /// From the end of all disturbances to the next change.
    static let recovery = 60.0
    /// A holder that is disturbed for less than this keeps its lease. Other tasks watch it for 15 s, and it renews it
    /// every 3 s.
    static let leaseDisturbance = 10.0
    /// The time in which a holder renews its lease once the volume takes its writes again.
    static let renewal = 1.0
    /// Between the times that a client and a log line record for the same event.
    static let clock = 0.01
  }

  let history: History
  let runs: [Int: Run]

  private init(_ history: History) {
    self.history = history
    runs = Dictionary(history.runs.map { ($0.id, $0) }) { first, _ in first }
  }

  /// All violations in a history.
  package static func judge(_ history: History) -> [Violation] {
    let judge = Judge(history)
    return judge.stateViolations + judge.gapViolations + judge.tornViolations + judge.leaseViolations
      + judge.processViolations + judge.drainViolations
  }

  /// The figures of a history, to compare with the limits.
  package static func figures(_ history: History) -> Figures {
    let judge = Judge(history)
    var figures = Figures()
    figures.slowestAnswer = history.runs.map(judge.slowestAnswer(of:)).max() ?? 0
    figures.slowestStop = history.runs.compactMap(judge.timeToStop(of:)).max() ?? 0
    figures.stalled = history.stalls.map { $0.overlap(with: Span(0)) }.reduce(0, +)
    return figures
  }

  /// The seconds within a span in which the machine ran no process.
  func stall(within span: Span) -> Double { history.stalls.map { $0.overlap(with: span) }.reduce(0, +) }
}
