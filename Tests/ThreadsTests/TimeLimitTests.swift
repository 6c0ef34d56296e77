import Testing
import Threads

@Suite("Work with a time limit")
struct TimeLimitTests {
  private struct Fault: Error {}

  @Test("gives its result or its error when it ends in time")
  func inTime() async throws {
    let result = try await TimeLimit.perform(within: .seconds(600)) {
      await Task.yield()
      return 7
    }
    #expect(result == 7)
    await #expect(throws: Fault.self) { try await TimeLimit.perform(within: .seconds(600)) { throw Fault() } }
  }

  @Test("is left alone when the limit is over, and goes on")
  func late() async throws {
    let (gate, open) = AsyncStream.makeStream(of: Void.self)
    let (ends, report) = AsyncStream.makeStream(of: Bool.self)
    await #expect(throws: Worker.Late.self) {
      try await TimeLimit.perform(within: .milliseconds(1)) {
        for await _ in gate {}
        report.yield(Task.isCancelled)
        report.finish()
      }
    }
    open.finish()
    var wasCancelled: [Bool] = []
    for await end in ends { wasCancelled.append(end) }
    #expect(wasCancelled == [false])
  }
}
