import Testing

@testable import GatehouseServer

@Suite("The heap after a peak of connections")
struct HeapTrimTests {
  private func looks(_ looks: [(connections: Int, calls: Int, documents: Int)]) -> [Bool] {
    var trim = HeapTrim()
    return looks.map { trim.isDue(connections: $0.connections, calls: $0.calls, documents: $0.documents) }
  }

  @Test("gives memory back once, when half of the connections are gone and no call waits")
  func peak() {
    let due = looks([
      (2000, 0, 10), (1001, 0, 10), (1000, 1, 10), (1000, 0, 10), (1000, 0, 10), (501, 0, 10), (500, 0, 10),
    ])
    #expect(due == [false, false, false, true, false, false, true], "the next peak counts from the last time")
  }

  @Test("keeps what a few connections left")
  func low() {
    #expect(looks([(HeapTrim.leastPeak - 1, 0, 10), (0, 0, 10)]) == [false, false])
    #expect(looks([(HeapTrim.leastPeak, 0, 10), (0, 0, 10)]) == [false, true])
  }

  @Test("keeps everything while the state is large")
  func large() {
    let most = HeapTrim.mostDocuments
    #expect(looks([(2000, 0, most + 1), (0, 0, most + 1), (0, 0, most)]) == [false, false, true])
  }
}
