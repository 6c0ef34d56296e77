import Testing
import TortureModel

private func broken(_ history: History) -> Set<Judge.Rule> { Set(Judge.judge(history).map(\.rule)) }

@Suite("The judge of drains")
struct JudgeDrainTests {
  /// One task that a sidecar drains at 5 s, and that is killed afterwards.
  private var drained: History {
    var history = History.killed(at: 20)
    history.operations = [.create("a", at: 1)]
    history.final = ["a": "1"]
    var drain = Drain(run: 0, begun: 4)
    drain.told = 5
    drain.isLoggedIn = true
    drain.ended = 6
    drain.exit = 0
    history.drains = [drain]
    return history
  }

  @Test("finds a change that is lost after a drain with exit code 0, but ignores later ones")
  func lost() {
    var history = drained
    #expect(broken(history) == [])
    history.final = [:]
    #expect(broken(history) == [.drainLostChange])
    history.operations[0] = .create("a", at: 4.95)
    #expect(broken(history) == [])
    history = drained
    history.final = [:]
    history.drains[0].exit = 70
    history.drains[0].hung = [Span(4, 5.5)]
    #expect(broken(history) == [])
  }

  @Test("takes a drain of a task on standby for no promise about what it did before")
  func standby() {
    var history = drained
    history.final = [:]
    history.runs[0].frozen = [Span(1.2, 2.8)]
    history.runs[0].hung = [Span(-20, 0)]
    history.runs.append(.holding(1, epoch: 2, from: 3))
    #expect(broken(history) == [])
    // It had the lease again.
    history.runs[0].events.append(LogEvent(.took(epoch: 3), at: 3.5))
    (history.runs[1].ended, history.runs[1].exit, history.runs[1].signals) = (3.4, 0, [.init(15, at: 3.3)])
    history.operations = [.create("a", at: 3.8)]
    #expect(broken(history) == [.drainLostChange])
  }

  @Test("finds a drain that fails although the task ran and its volume was healthy")
  func failed() {
    var history = drained
    history.drains[0].exit = 75
    #expect(broken(history) == [.drainFailed])
    var other = history
    other.runs[0].signals.insert(.init(15, at: 5.5), at: 0)
    #expect(broken(other) == [])
    other = history
    other.runs[0].frozen = [Span(5.1, 5.2)]
    #expect(broken(other) == [])
    other = history
    other.full = [Span(5.1, 5.2)]
    #expect(broken(other) == [])
    other = history
    other.stalls = [Span(4, 5.5)]
    #expect(broken(other) == [])
    other = history
    other.drains[0].isLoggedIn = false
    #expect(broken(other) == [])
  }

  @Test("finds a drain that takes too long, that does not end, that ends by a signal, or that ends unasked")
  func ends() {
    var history = drained
    history.drains[0].ended = 20.5
    #expect(broken(history) == [.drainTooLong])
    history.drains[0].hung = [Span(4, 7)]
    #expect(broken(history) == [])
    history.drains[0].exit = nil
    #expect(broken(history) == [.drainTooLong])
    history = drained
    history.drains[0].exit = -11
    #expect(broken(history) == [.endedBySignal])
    history = drained
    history.drains[0].told = nil
    #expect(broken(history) == [.endedUnasked])
  }
}
