import NIOEmbedded
import Testing

@testable import Listener

@Suite("Counters of connections")
struct ConnectionCountersTests {
  @Test("add up what all event loops count")
  func sums() {
    let counters = ConnectionCounters()
    let loops = (0..<3).map { _ in EmbeddedEventLoop() }
    for loop in loops {
      counters.slot(of: loop).open()
      #expect(counters.slot(of: loop).beginCall())
    }
    #expect(counters.connections == 3)
    #expect(counters.calls == 3)
    counters.slot(of: loops[0]).close()
    counters.slot(of: loops[1]).endCall()
    #expect(counters.connections == 2)
    #expect(counters.calls == 2)
  }

  @Test("take no call after they turn calls away, on any loop")
  func turnAway() {
    let counters = ConnectionCounters()
    let (first, second) = (EmbeddedEventLoop(), EmbeddedEventLoop())
    #expect(counters.slot(of: first).beginCall())
    counters.turnAway()
    #expect(!counters.slot(of: first).beginCall())
    #expect(!counters.slot(of: second).beginCall())
    #expect(counters.calls == 1)
  }

  @Test("take calls while they leave, and turn away for good")
  func leaving() {
    let counters = ConnectionCounters()
    let slot = counters.slot(of: EmbeddedEventLoop())
    #expect(!slot.isLeaving)
    counters.leave()
    #expect(slot.isLeaving && slot.beginCall())
    counters.turnAway()
    counters.leave()
    #expect(slot.isLeaving && !slot.beginCall())
  }

  @Test("lose no call while many threads count and one stops")
  func concurrentCalls() async {
    let counters = ConnectionCounters()
    let loop = EmbeddedEventLoop()
    let slot = counters.slot(of: loop)
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask {
          for _ in 0..<10_000 where slot.beginCall() { slot.endCall() }
        }
      }
      group.addTask { counters.turnAway() }
    }
    #expect(counters.calls == 0)
  }
}
