import NIOCore
import NIOEmbedded
import TestSupport
import Testing

@testable import Listener

@Suite("Deadlines of connections")
struct DeadlineWheelTests {
  /// Deadlines of one loop, and the times at which they passed, in milliseconds.
  private final class Subject {
    let loop = EmbeddedEventLoop()
    private(set) var deadlines: [LazyDeadline] = []
    private(set) var passed: [(number: Int, at: Int64)] = []

    init(_ count: Int) {
      for number in 0..<count {
        deadlines.append(LazyDeadline(on: loop) { [unowned self] in self.passed.append((number, self.now)) })
      }
    }

    var now: Int64 { Int64(loop.now.uptimeNanoseconds / 1_000_000) }

    func advance(_ milliseconds: Int64) { loop.advanceTime(by: .milliseconds(milliseconds)) }
  }

  @Test(
    "pass at most 5 ms late and never early, also those beyond a round of the wheel",
    arguments: [1, 10, 11, 999, 10_239, 10_241, 75_003])
  func time(milliseconds: Int64) {
    let subject = Subject(1)
    subject.advance(7)
    subject.deadlines[0].set(in: .milliseconds(milliseconds))
    subject.advance(milliseconds - 1)
    #expect(subject.passed.isEmpty)
    subject.advance(6)
    #expect(subject.passed.count == 1)
  }

  @Test("move: what counts is where they were set last")
  func moves() {
    let subject = Subject(4)
    for deadline in subject.deadlines { deadline.set(in: .seconds(1)) }
    subject.advance(500)
    subject.deadlines[0].set(in: .seconds(5))
    subject.deadlines[1].set(in: .milliseconds(100))
    subject.deadlines[2].clear()
    subject.deadlines[3].cancel()
    subject.advance(6000)
    #expect(subject.passed.map(\.number) == [1, 0])
    #expect(subject.passed.allSatisfy { $0.at - ($0.number == 0 ? 5500 : 600) <= 10 })
    subject.deadlines[2].set(in: .seconds(1))
    subject.deadlines[3].set(in: .seconds(1))
    subject.advance(1010)
    #expect(subject.passed.count == 4)
  }

  @Test("of thousands that pass at once leave turns for calls, and none is lost")
  func crowd() {
    let subject = Subject(5000)
    for deadline in subject.deadlines { deadline.set(in: .seconds(1)) }
    subject.advance(999)
    #expect(subject.passed.isEmpty)
    var most = 0
    for _ in 0..<1000 where subject.passed.count < 5000 {
      let before = subject.passed.count
      subject.advance(1)
      most = max(most, subject.passed.count - before)
    }
    #expect(most == 32)
    #expect(Set(subject.passed.map(\.number)).count == 5000 && subject.passed.count == 5000)
  }

  @Test("hold after a pause of the whole loop, which the wheel has come round in")
  func frozen() {
    let subject = Subject(2)
    subject.deadlines[0].set(in: .seconds(2))
    subject.deadlines[1].set(in: .seconds(100))
    subject.loop.advanceTime(by: .seconds(60))
    #expect(subject.passed.map(\.number) == [0])
    subject.deadlines[0].set(in: .seconds(1))
    subject.advance(1010)
    #expect(subject.passed.map(\.number) == [0, 0])
    subject.loop.advanceTime(by: .seconds(40))
    #expect(subject.passed.map(\.number) == [0, 0, 1])
  }

  @Test("agree with a plain list, whatever is done to them", arguments: 1...10)
  func random(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    let subject = Subject(50)
    var ends: [Int: Int64] = [:]
    var count = 0
    for _ in 0..<2000 {
      let number = Int.random(in: 0..<50, using: &generator)
      switch Int.random(in: 0..<10, using: &generator) {
      case 0: (ends[number], _) = (nil, subject.deadlines[number].cancel())
      case 1: (ends[number], _) = (nil, subject.deadlines[number].clear())
      default:
        let time = Int64.random(in: 0...(Bool.random(using: &generator) ? 100 : 20_000), using: &generator)
        ends[number] = subject.now + time
        subject.deadlines[number].set(in: .milliseconds(time))
      }
      subject.advance(Int64.random(in: 0...60, using: &generator))
      for (number, at) in subject.passed[count...] {
        guard let end = ends[number], (end...(end + 5)).contains(at) else {
          Issue.record("\(number) passed at \(at), and was to at \(String(describing: ends[number]))")
          return
        }
        ends[number] = nil
      }
      count = subject.passed.count
      #expect(ends.values.allSatisfy { subject.now <= $0 + 5 })
    }
  }
}

@Suite("Connections whose clients leave together")
struct ClosingQueueTests {
  @Test("are closed some at a time, and all of them")
  func crowd() throws {
    let loop = EmbeddedEventLoop()
    let channels = (0..<1000).map { _ in EmbeddedChannel(loop: loop) }
    for channel in channels { try channel.connect(to: SocketAddress(unixDomainSocketPath: "/x")).wait() }
    let queue = ClosingQueue.of(loop)
    for channel in channels { queue.close(channel) }
    var open = channels.count { $0.isActive }
    #expect(open == 1000 - 16)
    while open > 0 {
      loop.advanceTime(by: .milliseconds(1))
      let left = channels.count { $0.isActive }
      #expect(left == max(0, open - 16))
      guard left < open else { return }
      open = left
    }
    // A lone one does not wait.
    let lone = EmbeddedChannel(loop: loop)
    try lone.connect(to: SocketAddress(unixDomainSocketPath: "/x")).wait()
    loop.advanceTime(by: .milliseconds(2))
    queue.close(lone)
    #expect(!lone.isActive)
  }
}
