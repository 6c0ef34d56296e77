import Testing
import TortureModel

private func broken(_ history: History) -> Set<Judge.Rule> { Set(Judge.judge(history).map(\.rule)) }

/// Two tasks without a fault, which tests then modify.
private var well: History {
  var history = History.handOver
  history.final = ["early": "1", "late": "2"]
  return history
}

@Suite("The judge of leases and processes")
struct JudgeProcessTests {
  @Test("finds a change that was acknowledged although another had taken over before it was sent")
  func twoWriters() {
    var history = History.killed(at: 20)
    history.runs.append(.holding(1, epoch: 2, from: 6))
    // This excuses that the lease was taken.
    history.runs[0].hung = [Span(-9, 5)]
    history.runs[0].frozen = [Span(6.5, 19)]
    history.final = [:]
    history.operations = [Request(.create(value: "1"), "a", run: 0, begun: 5.5, ended: 19, .acknowledged)]
    #expect(broken(history) == [])
    history.operations[0].begun = 6.1
    history.operations[0].sent = 6.1
    #expect(broken(history) == [.twoWriters])
    // The second half of the body was sent then, so the change can't have been made earlier.
    history.operations[0].begun = 3
    #expect(broken(history) == [.twoWriters])
    history.operations[0].answer = .refused(status: 503)
    #expect(broken(history) == [])
    // The task had taken over again.
    history.operations[0].answer = .acknowledged
    history.runs[1].ended = 6.05
    history.runs[1].exit = 0
    history.runs[1].signals = [.init(15, at: 6.02)]
    history.runs[0].events.append(LogEvent(.took(epoch: 3), at: 6.08))
    #expect(broken(history) == [])
  }

  @Test("finds an epoch that was given out twice")
  func epochs() {
    var history = well
    history.runs[1].events[1] = LogEvent(.took(epoch: 1), at: 10.2)
    #expect(broken(history) == [.epochTwice])
  }

  @Test("finds a lease that was taken from a holder that ran and reached its volume")
  func leaseTaken() {
    var history = History.killed(at: 20)
    history.runs.append(.holding(1, epoch: 2, from: 17))
    history.final = [:]
    #expect(broken(history) == [.leaseTaken])
    var other = history
    other.full = [Span(1, 16)]
    #expect(broken(other) == [.leaseTaken])
    other.runs[0].frozen = [Span(2, 16)]
    #expect(broken(other) == [])
    // It was frozen when the volume became free, and could not renew the lease before the other one took it.
    other.full = [Span(2, 13)]
    other.runs[0].frozen = [Span(11, 18)]
    #expect(broken(other) == [])
    other.runs[0].frozen = [Span(6, 12)]
    #expect(broken(other) == [.leaseTaken])
    // Overlapping disturbances count once.
    other.full = [Span(8, 13)]
    other.runs[0].frozen = [Span(9, 18)]
    #expect(broken(other) == [.leaseTaken])
    other = history
    other.runs[0].hung = [Span(1, 14)]
    #expect(broken(other) == [])
    // Removed lease files are no excuse, because the holder restores them.
    other = history
    other.leaseRemovals = [1]
    #expect(broken(other) == [.leaseTaken])
    other = History.killed(at: 16)
    other.runs.append(.holding(1, epoch: 2, from: 17))
    other.final = [:]
    #expect(broken(other) == [])
  }

  @Test("finds processes that end by a signal, but for SIGKILL and for signals before there is a program")
  func signals() {
    for signal in [Int32(4), 11, 12, 15] {
      var history = well
      history.runs[1].exit = -signal
      #expect(broken(history) == [.endedBySignal], "\(signal)")
    }
    var history = well
    history.runs[1].exit = -9
    #expect(broken(history) == [.endedBySignal])
    history = well
    history.runs.append(Run(id: 2, task: 0, begun: 3))
    history.runs[2].signals = [.init(15, at: 3.01)]
    (history.runs[2].ended, history.runs[2].exit) = (3.02, -15)
    #expect(broken(history) == [])
  }

  @Test("finds processes that end unasked, that refuse to start, and that stop too late or not at all")
  func ends() {
    var history = well
    history.runs[1].signals = []
    history.runs[1].exit = 1
    #expect(broken(history) == [.endedUnasked])
    history.runs[1].exit = 73
    #expect(broken(history) == [.startRefused])
    history.full = [Span(12, 13)]
    #expect(broken(history) == [])
    history = well
    history.runs[1].ended = 70
    #expect(broken(history) == [.stopTooLong])
    history.runs[1].frozen = [Span(21, 40)]
    #expect(broken(history) == [])
    history = well
    history.runs[1].isStuck = true
    #expect(broken(history) == [.stopTooLong])
  }

  @Test("finds an orderly stop that fails on a healthy volume, unless somebody urged it three times")
  func stops() {
    var history = well
    history.runs[1].exit = 1
    #expect(broken(history) == [.stopFailed])
    history.runs[1].signals.append(.init(2, at: 19.95))
    #expect(broken(history) == [.stopFailed])
    var other = history
    other.runs[1].signals.append(.init(2, at: 19.99))
    #expect(broken(other) == [])
    other = history
    other.full = [Span(19.9, 19.99)]
    #expect(broken(other) == [])
  }

  @Test("finds dumps that were passed over, and a volume on which nobody writes any more")
  func rest() {
    var history = well
    history.runs[1].events.append(LogEvent(.passedOver("dump passed over"), at: 11))
    #expect(broken(history) == [.damagedDump])
    // A dump that another task did not go on from is in order only where a task lost its lease.
    history = well
    history.runs[1].events.append(
      LogEvent(.passedOver("dump passed over error=\"the journals go on from another dump\""), at: 11))
    #expect(broken(history) == [.damagedDump])
    history.runs[0].events.append(LogEvent(.lost(epoch: 1), at: 9))
    #expect(!broken(history).contains(.damagedDump))
    history = well
    history.healed = 12.05
    #expect(broken(history) == [.noWriter])
  }

  @Test("finds a task that does not answer its probes, unless it is frozen or about to end")
  func silence() {
    var history = well
    history.operations.append(Request(.probe, run: 0, begun: 1, ended: 9.5, .acknowledged))
    #expect(broken(history) == [.noAnswer])
    history.runs[0].frozen = [Span(2, 4)]
    #expect(broken(history) == [])
    history.runs[0].frozen = []
    history.operations[history.operations.count - 1].ended = nil
    #expect(broken(history) == [.noAnswer])
    history.operations[history.operations.count - 1].sent = 5
    #expect(broken(history) == [])
  }

  @Test("finds changes that a take-over left behind and that are not kept beside the volume's state")
  func leftBehind() {
    var history = History.handOver
    history.final = ["late": "2"]
    history.runs[0].events.append(LogEvent(.lost(epoch: 1), at: 9))
    history.runs[0].exit = 70
    #expect(broken(history) == [.changesNotKept])
    history.runs[0].events.append(LogEvent(.kept("memory_dump-1.bin"), at: 9.1))
    #expect(broken(history) == [.changesNotKept])
    history.sideDumps = ["memory_dump-1.bin": ["early": "1"]]
    #expect(broken(history) == [])
    history.sideDumps = ["memory_dump-1.bin": [:]]
    #expect(broken(history) == [.changesNotKept])
  }
}
