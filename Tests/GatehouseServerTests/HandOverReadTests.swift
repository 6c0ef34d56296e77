import Testing

@testable import GatehouseServer

@Suite("A read at a task that is behind")
struct HandOverReadTests {
  @Test("waits as long as a change does, but not for 30 seconds after one that did so in vain")
  func longReads() {
    var reads = LongReads()
    #expect(reads.mayWait(at: .seconds(1)))
    reads.waitedInVain(at: .seconds(10))
    #expect(!reads.mayWait(at: .seconds(11)))
    #expect(!reads.mayWait(at: .seconds(40)))
    #expect(reads.mayWait(at: .seconds(41)))
    reads.waitedInVain(at: .seconds(46))
    #expect(!reads.mayWait(at: .seconds(50)))
  }
}
