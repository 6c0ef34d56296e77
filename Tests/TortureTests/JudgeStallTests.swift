import Testing
import TortureModel

private func broken(_ history: History) -> Set<Judge.Rule> { Set(Judge.judge(history).map(\.rule)) }

@Suite("The judge on a slow machine")
struct JudgeStallTests {
  @Test("does not count the time in which the machine ran no process")
  func stalls() {
    var history = History.handOver
    history.final = ["early": "1", "late": "2"]
    history.operations.append(Request(.probe, run: 0, begun: 1, ended: 9.5, .acknowledged))
    #expect(broken(history) == [.noAnswer])
    #expect(Judge.figures(history).slowestAnswer == 8.5)
    history.stalls = [Span(2, 3)]
    #expect(broken(history) == [])
    #expect(Judge.figures(history).slowestAnswer == 7.5)
    #expect(Judge.figures(history).stalled == 1)

    history = .handOver
    history.final = ["early": "1", "late": "2"]
    history.runs[1].ended = 61
    #expect(broken(history) == [.stopTooLong])
    #expect(abs(Judge.figures(history).slowestStop - 41.1) < 0.001)
    history.stalls = [Span(20, 22)]
    #expect(broken(history) == [])

    history = .killed(at: 20)
    history.runs.append(.holding(1, epoch: 2, from: 17))
    history.final = [:]
    #expect(broken(history) == [.leaseTaken])
    history.stalls = [Span(3, 14)]
    #expect(broken(history) == [])

    history = .handOver
    history.final = ["early": "1", "late": "2"]
    history.healed = 12.05
    history.operations.append(Request(.create(value: "3"), "last", run: 1, begun: 73, ended: 73.1, .acknowledged))
    history.final?["last"] = "3"
    history.runs[1].signals = [.init(15, at: 79.9)]
    history.runs[1].ended = 80
    #expect(broken(history) == [.noWriter])
    history.stalls = [Span(20, 22)]
    #expect(broken(history) == [])
  }
}
