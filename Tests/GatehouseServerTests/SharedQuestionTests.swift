import Synchronization
import TestSupport
import Testing

@testable import GatehouseServer

@Suite("A question that many ask")
struct SharedQuestionTests {
  @Test("is asked once for all who come while another is under way, and never answered by that one")
  func shared() async {
    let asked = Mutex(0)
    let (gate, open) = AsyncStream.makeStream(of: Void.self)
    let question = SharedQuestion<Int> {
      let number = asked.withLock { asked in
        asked += 1
        return asked
      }
      if number == 1 { for await _ in gate {} }
      return number
    }
    async let first = question.answer()
    let isUnderWay = await eventuallyTrue { asked.withLock { $0 } == 1 }
    #expect(isUnderWay)
    let later = await withTaskGroup(of: Int.self) { group in
      for _ in 0..<5 { group.addTask { await question.answer() } }
      group.addTask {
        // The others have asked by then, or ask a question of their own.
        try? await Task.sleep(for: .milliseconds(50))
        open.finish()
        return 0
      }
      return await group.reduce(into: [Int]()) { $0.append($1) }.filter { $0 > 0 }
    }
    let answer = await first
    #expect(answer == 1)
    #expect(later.count == 5 && later.allSatisfy { $0 > 1 }, "\(later)")
    let last = await question.answer()
    #expect(later.allSatisfy { $0 < last })
  }
}
