import TestSupport
import Testing

@testable import Persistence

@Suite("The state of a dumper")
struct DumperStateTests {
  private static let origin = Dumper.Origin(path: "/d/x.bin", createdAt: "2026-11-23T20:11:37Z")

  @Test("counts the changes that no dump holds")
  func unsaved() {
    var state = DumperState<String>()
    #expect(state.isChanged(0) && state.unsavedChanges(0) == 0)
    state.noteRestored(1, from: Self.origin)
    state.countChanges(after: 2)
    #expect(state.isChanged(2) && !state.isChanged(1))
    #expect(state.unsavedChanges(2) == 0)
    #expect(state.unsavedChanges(5) == 3)
    state.discountChange()
    #expect(state.unsavedChanges(5) == 2)
    state.noteWritten(4, as: Self.origin, began: .seconds(7))
    #expect(state.unsavedChanges(5) == 1)
    #expect(state.unsavedChanges(4) == 0)
    #expect(state.lastBegan == .seconds(7))
    state.noteReplaced(9, since: Self.origin)
    #expect(state.isChanged(9) && state.unsavedChanges(9) == 0)
    #expect(state.unsavedChanges(10) == 1)
  }

  @Test("gives each number once, and starts again from 1 in each epoch")
  func numbers() {
    var state = DumperState<String>()
    #expect(state.nextSequence(in: 3) == 1)
    #expect(state.takeNumber(in: 3) == (3, 1))
    #expect(state.takeNumber(in: 3) == (3, 2))
    #expect(state.nextSequence(in: 3) == 3)
    #expect(state.takeNumber(in: 5) == (5, 1))
  }

  @Test("never lets dumps overlap, and serves each request once, by a dump that began after it", arguments: 0..<200)
  func queue(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    var queue = DumpQueue<Int>()
    var time = 0
    var asked: [Int: (time: Int, target: Int)] = [:]
    var served: Set<Int> = []
    var running: (batch: DumpQueue<Int>.Batch, began: Int)?
    func end() {
      guard let (batch, began) = running else { return }
      #expect(queue.running?.tickets == batch.tickets)
      for ticket in batch.tickets {
        #expect(served.insert(ticket).inserted)
        #expect(asked[ticket].map { $0.time <= began && $0.target == batch.target } == true)
      }
      // The oldest waiting request is always served next.
      let oldest = asked.keys.filter { !served.contains($0) }.min()
      let next = queue.end()
      #expect(next?.tickets.first == oldest)
      running = next.map { ($0, time) }
    }
    for _ in 0..<100 {
      time += 1
      if Int.random(in: 0..<3, using: &generator) > 0 {
        let target = Int.random(in: 0..<3, using: &generator)
        let (ticket, begins) = queue.request(target)
        #expect(asked.updateValue((time, target), forKey: ticket) == nil)
        #expect(begins == (running == nil))
        if begins { running = (.init(target: target, tickets: [ticket]), time) }
      } else {
        end()
      }
    }
    var rounds = 0
    while running != nil {
      end()
      rounds += 1
    }
    // All requests that wait for one target share a dump.
    #expect(rounds <= 4)
    #expect(served == Set(asked.keys))
    #expect(queue.running == nil)
  }
}
