import TestSupport
import Testing

@testable import Sidecar

@Suite("The connections of the metrics port")
struct ConnectionTableTests {
  private static let request = Array("GET /healthz HTTP/1.1\r\n\r\n".utf8)

  private func table(connections: Int) -> ConnectionTable { ConnectionTable(.init(connections: connections)) }

  @Test("have a request answered as soon as it is whole, in whatever pieces it comes")
  func wholeRequests() {
    for size in 1...Self.request.count {
      var table = table(connections: 1)
      table.accepted(5, .zero)
      var steps: [ConnectionTable.Step] = []
      for start in stride(from: 0, to: Self.request.count, by: size) {
        let piece = Self.request[start..<min(start + size, Self.request.count)]
        steps.append(table.received(5, piece, .zero))
      }
      #expect(steps.dropLast().allSatisfy { $0 == .wait })
      #expect(steps.last == .answer(.health))
      table.answer(5, [1, 2, 3])
      #expect(table.interests.map(\.sends) == [true])
      #expect(table.sent(5, 2, .zero) == .wait)
      #expect(table.rest(5) == [3])
      #expect(table.sent(5, 1, .zero) == .close)
    }
  }

  @Test(
    "are asked for metrics or health by GET, and for nothing else",
    arguments: [
      ("GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n", MetricsRequest.metrics), ("GET /healthz\r\n\r\nbody", .health),
      ("POST /healthz HTTP/1.1\r\n\r\n", .unknown), ("GET /healthz/ HTTP/1.1\r\n\r\n", .unknown),
      ("GET\r\n\r\n", .unknown), ("\r\n\r\n", .unknown), ("GET  /healthz HTTP/1.1\r\n\r\n", .health),
    ])
  func requests(head: String, request: MetricsRequest) {
    #expect(MetricsRequest(head: Array(head.utf8)) == request)
  }

  @Test("that send too much are told so, and what comes behind it is dropped up to a bound")
  func tooLarge() {
    var table = ConnectionTable(.init(head: 100, excess: 50))
    table.accepted(5, .zero)
    #expect(table.received(5, [UInt8](repeating: 65, count: 99)[...], .zero) == .wait)
    #expect(table.received(5, [65], .zero) == .answer(.tooLarge))
    table.answer(5, [1])
    #expect(table.sent(5, 1, .zero) == .endSending)
    #expect(table.received(5, [UInt8](repeating: 65, count: 50)[...], .zero) == .wait)
    #expect(table.received(5, [65], .zero) == .close)
  }

  @Test("end two seconds after they began, whatever they send or take meanwhile")
  func deadline() {
    var table = table(connections: 4)
    table.accepted(1, .zero)
    table.accepted(2, .seconds(1))
    for tenth in 1..<20 { _ = table.received(1, [65], .milliseconds(100 * tenth)) }
    #expect(table.overdue(.milliseconds(1999)) == [])
    #expect(table.nextMoment(.milliseconds(1999)) == .seconds(2))
    #expect(table.overdue(.seconds(2)) == [1])
    table.closed(1)
    _ = table.received(2, Self.request[...], .seconds(2))
    table.answer(2, [1, 2, 3])
    _ = table.sent(2, 1, .milliseconds(2900))
    #expect(table.overdue(.seconds(3)) == [2])
    table.closed(2)
    #expect(table.nextMoment(.seconds(3)) == nil)
  }

  @Test("give their place to a new one when all are taken, the one that was silent longest first")
  func replacement() {
    var table = table(connections: 3)
    for connection in [1, 2, 3] { table.accepted(Int32(connection), .milliseconds(connection)) }
    // Nobody loses its place before it could send anything.
    #expect(table.admission(.milliseconds(5)) == .closed(until: .milliseconds(6)))
    #expect(table.nextMoment(.milliseconds(5)) == .milliseconds(6))
    #expect(table.admission(.milliseconds(6)) == .replacing(1))
    _ = table.received(1, [65], .milliseconds(20))
    #expect(table.admission(.milliseconds(20)) == .replacing(2))
    // One that has its answer has no use for its place.
    _ = table.received(3, [UInt8](repeating: 65, count: 9000)[...], .milliseconds(21))
    table.answer(3, [1])
    #expect(table.sent(3, 1, .milliseconds(22)) == .endSending)
    #expect(table.admission(.milliseconds(23)) == .replacing(3))
    table.closed(3)
    #expect(table.admission(.milliseconds(23)) == .free)
  }

  @Test("are not accepted for a while after an accept that failed, and one that is silent makes room")
  func failedAccept() {
    var table = table(connections: 8)
    #expect(table.acceptFailed(.seconds(1)) == nil)
    #expect(table.admission(.seconds(1)) == .closed(until: .milliseconds(1100)))
    #expect(table.nextMoment(.seconds(1)) == .milliseconds(1100))
    #expect(table.admission(.milliseconds(1100)) == .free)
    table.accepted(1, .seconds(2))
    #expect(table.acceptFailed(.seconds(3)) == 1)
  }

  @Test("are as many as the process has descriptors for beside its own work")
  func bounds() {
    #expect(MetricsServer.connections(descriptors: 1024) == 32)
    #expect(MetricsServer.connections(descriptors: 64) == 16)
    #expect(MetricsServer.connections(descriptors: 20) == 4)
  }

  @Test("never hold more places than there are, nor one for ever, whatever happens on them")
  func random() {
    var generator = SeededGenerator(seed: 7)
    for _ in 0..<200 {
      var table = table(connections: 5)
      var (now, next, open) = (Duration.zero, Int32(0), Set<Int32>())
      for _ in 0..<300 {
        now += .milliseconds(Int.random(in: 0...50, using: &generator))
        for connection in table.overdue(now) {
          table.closed(connection)
          #expect(open.remove(connection) != nil)
        }
        let someone = open.randomElement(using: &generator)
        switch Int.random(in: 0..<6, using: &generator) {
        case 0...2:
          switch table.admission(now) {
          case .closed(let until): #expect(until > now)
          case .replacing(let victim):
            table.closed(victim)
            #expect(open.remove(victim) != nil)
            fallthrough
          case .free:
            next += 1
            table.accepted(next, now)
            open.insert(next)
          }
        case 3:
          if let someone, case .answer = table.received(someone, Self.request[...], now) {
            table.answer(someone, [1, 2, 3, 4])
          }
        case 4: if let someone, table.sent(someone, 1, now) == .close { table.closed(someone); open.remove(someone) }
        default: if let someone { _ = table.received(someone, [65], now) }
        }
        #expect(open.count <= 5)
        #expect(Set(table.interests.map(\.connection)) == open)
      }
    }
  }
}
