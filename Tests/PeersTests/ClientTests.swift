import Synchronization
import TestSupport
import Testing

@testable import Peers

@Suite("A call to another task")
struct ClientTests {
  private static func port(_ number: Int) -> PeerPort { PeerPort(host: "127.0.0.1", port: number, isSecure: false) }

  private static func failure(_ server: LoopbackServer, largest: Int = 1 << 20) async -> PeerFailure? {
    defer { server.stop() }
    do throws(PeerFailure) {
      _ = try await PeerClient().send(.post("/x", [1, 2, 3]), to: port(server.port), largestAnswer: largest)
      return nil
    } catch {
      return error
    }
  }

  @Test("carries the bytes of the call and of the answer", arguments: [0, 1, 300_000])
  func bytes(count: Int) async throws {
    let body = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
    let server = try LoopbackServer { .bytes(200, Array($0.body.reversed())) }
    defer { server.stop() }
    let answer = try await PeerClient().send(.post("/x", body), to: Self.port(server.port), largestAnswer: 1 << 20)
    #expect(answer.status == 200 && answer.body == body.reversed())
    let read = try await PeerClient().send(.get("/y"), to: Self.port(server.port), largestAnswer: 1 << 20)
    #expect(read.status == 200)
    #expect(server.requests.map(\.method) == ["POST", "GET"] && server.requests.map(\.path) == ["/x", "/y"])
  }

  @Test("was certainly not sent when nobody listens")
  func refused() async throws {
    let server = try LoopbackServer { _ in .close }
    server.stop()
    #expect(await Self.failure(server)?.isUnsent == true)
  }

  @Test("may have been made when the connection ends before the answer, or in it")
  func broken() async throws {
    #expect(await Self.failure(try LoopbackServer { _ in .close })?.isUnsent == false)
    let short = "HTTP/1.1 200 X\r\ncontent-length: 10\r\n\r\n1234"
    #expect(await Self.failure(try LoopbackServer { _ in .raw(short) })?.isUnsent == false)
    #expect(await Self.failure(try LoopbackServer { _ in .raw("no HTTP\r\n\r\n") })?.isUnsent == false)
  }

  @Test("fails when the answer is too large")
  func large() async throws {
    let server = try LoopbackServer { _ in .bytes(200, [UInt8](repeating: 7, count: 2000)) }
    #expect(await Self.failure(server, largest: 1000)?.description.contains("more than 1000 bytes") == true)
  }

  @Test("ends when its task is cancelled")
  func cancelled() async throws {
    let server = try LoopbackServer { _ in .hang }
    defer { server.stop() }
    let task = Task { try await PeerClient().send(.post("/x", []), to: Self.port(server.port), largestAnswer: 10) }
    #expect(await eventuallyTrue { !server.requests.isEmpty })
    task.cancel()
    await #expect(throws: PeerFailure.self) { try await task.value }
  }

  @Test("names its port as a URL does")
  func names() {
    #expect("\(PeerPort(host: "fd00::1", port: 80, isSecure: false))" == "[fd00::1]:80")
    #expect("\(PeerPort(host: "gate", port: 5001, isSecure: true))" == "gate:5001")
  }
}

@Suite("The tasks on standby that are heard of")
struct StandbysTests {
  @Test("count for three seconds, and as current when their lag is small")
  func living() throws {
    let clock = Clock()
    let standbys = Standbys { clock.now }
    let (one, two) = (
      PeerName(bytes: [UInt8](repeating: 1, count: 16)), PeerName(bytes: [UInt8](repeating: 2, count: 16))
    )
    #expect(standbys.count == 0 && !standbys.hasCurrent)
    standbys.note(one, lag: nil)
    #expect(standbys.count == 1 && !standbys.hasCurrent)
    standbys.note(two, lag: .milliseconds(90))
    #expect(standbys.count == 2 && standbys.hasCurrent)
    standbys.note(two, lag: .seconds(9))
    #expect(standbys.count == 2 && !standbys.hasCurrent)
    clock.now += .seconds(2)
    standbys.note(one, lag: .zero)
    clock.now += .seconds(1)
    #expect(standbys.count == 1 && standbys.hasCurrent)
    clock.now += .seconds(2)
    #expect(standbys.count == 0 && !standbys.hasCurrent)
  }
}

/// A clock that a test moves.
private final class Clock: Sendable {
  private let time = Mutex(Duration.zero)
  var now: Duration {
    get { time.withLock { $0 } }
    set { time.withLock { $0 = newValue } }
  }
}
