import NIOCore
import NIOEmbedded
import Testing

@testable import Listener

@Suite("A connection that its client resets")
struct ResetConnectionTests {
  @Test(
    "takes none of the requests that were sent ahead of the answer in which that showed",
    arguments: ["/direct/now/2", "/direct/2", "/other/2"])
  func sentAhead(path: String) throws {
    let connection = try FrontConnection()
    connection.wire.isReset = true
    try connection.send(connection.request("/direct/now/1") + connection.request(path))
    #expect(!connection.channel.isActive)
    #expect(connection.service.events.filter { $0.hasPrefix("begin") } == ["begin /direct/now/1"])
    #expect(connection.decoded.events.isEmpty)
    #expect(connection.counters.calls == 0 && connection.counters.connections == 0)
    connection.channel.embeddedEventLoop.run()
    #expect(connection.counters.calls == 0)
  }
}
