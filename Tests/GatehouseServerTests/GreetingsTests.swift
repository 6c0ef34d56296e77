import Peers
import Synchronization
import TestSupport
import Testing

@testable import GatehouseServer

@Suite("The hellos of a standby")
struct GreetingsTests {
  /// A transfer of many messages. Each hello that arrives brings it forward.
  private final class Transfer: PeerExchange {
    private let left: Atomic<Int>

    init(_ count: Int) { left = Atomic(count) }

    var messagesLeft: Int { left.load(ordering: .relaxed) }

    func report() -> [UInt8] { [] }
    func answer(_ report: [UInt8], from sender: String) -> [UInt8] { [] }
    func take(_ answer: [UInt8]) { if messagesLeft > 0 { left.subtract(1, ordering: .relaxed) } }
  }

  @Test("come one each second, and at once while each of them brings a transfer forward")
  func pauses() {
    let greetings = Greetings()
    #expect(greetings.pause(left: 0, before: 0) == .seconds(1))
    #expect(greetings.pause(left: 0, before: 1) == .seconds(1))
    #expect(greetings.pause(left: 900, before: 0) == .zero)
    #expect(greetings.pause(left: 899, before: 900) == .zero)
    #expect(greetings.pause(left: 899, before: 899) == Greetings.retry)
  }

  @Test("carry a thousand messages in far less than a thousand seconds")
  func transfer() async {
    let transfer = Transfer(1000)
    let greetings = Greetings(usual: .seconds(3600))
    greetings.ring()
    let task = Task { await greetings.run(transfer) { transfer.take([]) } }
    #expect(await eventuallyTrue { transfer.messagesLeft == 0 })
    task.cancel()
    await task.value
  }

  @Test("do not wait for the end of the pause when a stop rings")
  func ring() async {
    let (transfer, hellos) = (Transfer(0), Transfer(1))
    let greetings = Greetings(usual: .seconds(3600))
    let task = Task { await greetings.run(transfer) { hellos.take([]) } }
    greetings.ring()
    #expect(await eventuallyTrue { hellos.messagesLeft == 0 })
    task.cancel()
    await task.value
  }
}
