import Testing
import TortureModel

/// The rules that a history breaks.
private func broken(_ history: History) -> Set<Judge.Rule> { Set(Judge.judge(history).map(\.rule)) }

@Suite("The judge")
struct JudgeTests {
  @Test("finds nothing in a round in which everything went well")
  func innocent() {
    var history = History.handOver
    history.final = ["early": "1", "late": "2"]
    #expect(Judge.judge(history) == [])
  }

  @Test("finds a dumped change that is lost, that has an older value, or that came back after it was deleted")
  func dumped() {
    var history = History.killed(at: 20)
    history.operations = [
      .create("a", at: 1), Request(.update(value: "2"), "a", run: 0, begun: 2, ended: 2.1, .acknowledged),
      .create("b", at: 3), Request(.delete, "b", run: 0, begun: 4, ended: 4.1, .acknowledged),
      .dump(5, 6),
    ]
    history.final = ["a": "2"]
    #expect(broken(history) == [])
    history.final = [:]
    #expect(broken(history) == [.dumpedChangeLost])
    history.final = ["a": "1"]
    #expect(broken(history) == [.dumpedChangeLost])
    history.final = ["a": "2", "b": "1"]
    #expect(broken(history) == [.dumpedChangeLost])
  }

  @Test("with a journal, finds each acknowledged change that a killed task lost, also behind a restore")
  func journaled() {
    var history = History.killed(at: 20)
    history.operations = [
      .create("a", at: 1), .create("b", at: 4),
      Request(.create(value: "1"), "c", run: 0, begun: 5, ended: nil, .unknown),
    ]
    history.final = ["a": "1"]
    #expect(broken(history) == [])
    history.isJournaled = true
    #expect(broken(history) == [.acknowledgedChangeLost])
    history.operations.append(Request(.restore, run: 0, begun: 6, ended: 7, .acknowledged))
    #expect(broken(history) == [.acknowledgedChangeLost])
    history.final = ["a": "1", "b": "1"]
    #expect(broken(history) == [])
    history.final = ["a": "1", "b": "1", "c": "1"]
    #expect(broken(history) == [])
    // A restore that was under way may have loaded the state before the change.
    history.operations.append(Request(.restore, run: 0, begun: 3.9, ended: 7, .acknowledged))
    history.final = ["a": "1"]
    #expect(broken(history) == [])
  }

  @Test("treats a logged dump like one whose request was answered")
  func loggedDump() {
    var history = History.killed(at: 20)
    history.operations = [.create("a", at: 1)]
    history.final = [:]
    #expect(broken(history) == [])
    history.runs[0].events.append(LogEvent(.dumpWritten(duration: 0.1, reason: "SIGUSR1"), at: 5))
    #expect(broken(history) == [.dumpedChangeLost])
    // The process may have been frozen between the dump and the log line.
    history.runs[0].frozen = [Span(0.5, 4.9)]
    #expect(broken(history) == [])
  }

  @Test("ignores changes after the last dump of a killed process, and changes without a response")
  func undumped() {
    var history = History.killed(at: 20)
    history.operations = [
      .create("a", at: 1), .dump(5, 6), .create("during", at: 5.5), .create("after", at: 7),
      Request(.create(value: "1"), "unanswered", run: 0, begun: 2, ended: nil, .unknown),
    ]
    for final in [
      ["a": "1"], ["a": "1", "during": "1"], ["a": "1", "during": "1", "after": "1"], ["a": "1", "unanswered": "1"],
    ] {
      history.final = final
      #expect(broken(history) == [], "\(final)")
    }
  }

  @Test("treats exit code 0 of a task as the promise that nothing is lost, even after it lost its lease")
  func cleanExit() {
    var history = History.handOver
    history.final = ["late": "2"]
    #expect(broken(history) == [.cleanExitLostChange])
    history.runs[0].events.append(LogEvent(.lost(epoch: 1), at: 8))
    #expect(broken(history) == [.cleanExitLostChange])
    history.runs[0].exit = 1
    #expect(broken(history) == [])
  }

  @Test("ignores an older tenure when a process took over again")
  func tenures() {
    var history = History.handOver
    history.runs[0].events.append(LogEvent(.took(epoch: 5), at: 8))
    history.runs[0].frozen = [Span(3, 7)]
    history.final = ["late": "2"]
    #expect(!broken(history).contains(.cleanExitLostChange))
  }

  @Test("treats a dump as a promise about its own tenure only")
  func dumpsOfTenures() {
    var history = History.killed(at: 20)
    history.operations = [.create("a", at: 1), .create("b", at: 10), .dump(12, 13)]
    history.final = ["b": "1"]
    #expect(broken(history) == [.dumpedChangeLost, .gap])
    history.runs[0].events.append(LogEvent(.took(epoch: 3), at: 9))
    history.runs[0].hung = [Span(-10, 5)]
    history.runs.append(.holding(1, epoch: 2, from: 6))
    (history.runs[1].ended, history.runs[1].exit) = (8, -9)
    history.runs[1].signals = [.init(9, at: 8)]
    #expect(broken(history) == [])
    history.final = [:]
    #expect(broken(history) == [.dumpedChangeLost])
  }

  @Test("allows a restore to undo changes that no dump held, and nothing else")
  func restore() {
    var history = History.killed(at: 20)
    let restore = Request(.restore, run: 0, begun: 7, ended: 8, .acknowledged)
    history.operations = [.create("a", at: 1), .dump(2, 3), .create("b", at: 5), restore, .dump(9, 10)]
    history.final = ["a": "1"]
    #expect(broken(history) == [])
    history.final = ["b": "1"]
    #expect(broken(history).contains(.dumpedChangeLost))
    history.operations.append(.create("c", at: 8.5))
    history.final = ["a": "1"]
    #expect(broken(history) == [.dumpedChangeLost])
    history.operations[3].answer = .refused(status: 503)
    history.final = ["a": "1", "c": "1"]
    #expect(broken(history).contains(.dumpedChangeLost))
    // A change without a response may have been made at any time.
    history.operations[3].answer = .unknown
    history.operations[3].ended = nil
    history.final = ["a": "1"]
    #expect(broken(history) == [])
  }

  @Test("finds refused changes that were made, changes without a request, and values that no client wrote")
  func phantoms() {
    var history = History.killed(at: 20)
    history.operations = [Request(.create(value: "1"), "a", run: 0, begun: 1, ended: 2, .refused(status: 503))]
    history.final = [:]
    #expect(broken(history) == [])
    history.final = ["a": "1"]
    #expect(broken(history) == [.phantom])
    history.operations[0].answer = .acknowledged
    history.final = ["a": "half"]
    #expect(broken(history) == [.phantom])
    history.final = ["b": "1"]
    #expect(broken(history) == [.phantom])
  }

  @Test("finds a later change of a task without an earlier one")
  func gaps() {
    var history = History.killed(at: 20)
    history.operations = [.create("a", at: 1), .create("b", at: 2)]
    history.final = ["b": "1"]
    #expect(broken(history) == [.gap])
    history.final = ["a": "1"]
    #expect(broken(history) == [])
    history.operations.insert(Request(.restore, run: 0, begun: 1.5, ended: 1.7, .acknowledged), at: 1)
    history.final = ["b": "1"]
    #expect(broken(history) == [])
  }

  @Test("takes the deletion of a document for one of all below it, and finds what it left or took alone")
  func torn() {
    var history = History.killed(at: 20)
    history.isJournaled = true
    history.operations = [
      .create("api-a", at: 1), .create("api-a/e0", at: 2),
      Request(.delete, "api-a", run: 0, begun: 3, ended: nil, .unknown),
    ]
    history.final = ["api-a": "1", "api-a/e0": "1"]
    #expect(broken(history) == [])
    history.final = [:]
    #expect(broken(history) == [])
    history.final = ["api-a": "1"]
    #expect(broken(history) == [.torn])
    history.final = ["api-a/e0": "1"]
    #expect(broken(history) == [.torn])
    history.operations[2] = Request(.delete, "api-a", run: 0, begun: 3, ended: 3.1, .acknowledged)
    #expect(broken(history) == [.torn, .acknowledgedChangeLost])
    history.final = [:]
    #expect(broken(history) == [])
    history.operations[2] = Request(.delete, "api-a", run: 0, begun: 3, ended: 3.1, .refused(status: 503))
    #expect(broken(history) == [.acknowledgedChangeLost])
    // The restored dump may be older than the document below.
    history.operations[2].answer = .unknown
    history.operations.append(Request(.restore, run: 0, begun: 1.5, ended: 4, .acknowledged))
    history.final = ["api-a": "1"]
    #expect(broken(history) == [])
  }

  @Test("finds a missing state, and a start that fails")
  func noState() {
    var history = History.killed(at: 20)
    history.finalStart = "it ended with 65"
    #expect(broken(history) == [.finalStart])
  }
}

extension History {
  /// One task that is killed.
  static func killed(at time: Double) -> History {
    var run = Run.holding(0, epoch: 1, from: 0.5)
    run.signals = [.init(9, at: time)]
    run.ended = time
    run.exit = -9
    var history = History()
    history.runs = [run]
    return history
  }

  /// Two tasks. The first stops in order at 10 s and the second at 20 s.
  static var handOver: History {
    var first = Run.holding(0, epoch: 1, from: 0.5)
    first.signals = [.init(15, at: 9.9)]
    (first.ended, first.exit) = (10, 0)
    var second = Run.holding(1, epoch: 2, from: 10.2)
    second.signals = [.init(15, at: 19.9)]
    (second.ended, second.exit) = (20, 0)
    var history = History()
    history.runs = [first, second]
    history.operations = [
      .create("early", at: 5), Request(.create(value: "2"), "late", run: 1, begun: 12, ended: 12.1, .acknowledged),
    ]
    history.healed = 11
    history.final = [:]
    return history
  }
}

extension Run {
  static func holding(_ id: Int, epoch: Int, from time: Double) -> Run {
    var run = Run(id: id, task: id, begun: 0)
    run.events = [LogEvent(.starting, at: 0.1), LogEvent(.took(epoch: epoch), at: time)]
    return run
  }
}

extension Request {
  static func create(_ name: String, at time: Double) -> Request {
    Request(.create(value: "1"), name, run: 0, begun: time, ended: time + 0.1, .acknowledged)
  }

  static func dump(_ begun: Double, _ ended: Double) -> Request {
    Request(.dump, run: 0, begun: begun, ended: ended, .acknowledged)
  }
}
